// node bench/decoders/recall.mjs TEXTFILE --set dev|report --count 300 --characters 2380-2620 --seed 1 > items.jsonl
//
// Items for `bench_decoders FOLDER recall`: a fact in the first half of ordinary text, the question at its end, twelve
// answers. Half of the questions are in other words than the fact: those of the part "other" share the noun that it is
// about, those of "unnamed" call that otherwise, too, so that nothing is shared. Half of each kind of item has two more
// facts of the same sort about something else in its text ("confusable"). Arms are chosen on the templates of `dev`, and
// reported on those of `report`. The prompts have 512 to 768 tokens of SmolLM2 with the default of --characters.
import { readFileSync } from 'node:fs';

const places = 'garden kitchen cellar attic stable library chapel tower harbour orchard workshop bakery'.split(' ');
const colours = 'red blue green yellow purple orange black white brown grey pink golden'.split(' ');
const animals = 'dog cat horse goat parrot rabbit fox donkey goose monkey tortoise pig'.split(' ');
const days = 'Monday Tuesday Wednesday Thursday Friday Saturday Sunday'.split(' ');
const months = 'January February March April May June July August September October November December'.split(' ');
const trades = 'carpenter baker tailor doctor lawyer farmer painter miller butcher sailor teacher gardener'.split(' ');
const foods = 'bread cheese honey fish soup apples rice beans eggs plums nuts butter'.split(' ');
const metals = 'iron copper silver gold tin lead brass bronze steel glass wood stone'.split(' ');
const cities = 'Paris London Rome Vienna Madrid Berlin Cairo Moscow Lisbon Athens Boston Dublin'.split(' ');
const numbers = 'two three four five six seven eight nine ten eleven twelve thirteen'.split(' ');

// fact and same share their words, other does not; X: who or what, of which there are three; Y: the answer.
const templates = {
  dev: [
    {
      x: ['key', 'ring', 'map'],
      y: places,
      fact: 'The old X had been hidden in the Y.',
      same: 'Where had the old X been hidden? In the',
      other: 'At what spot could one have looked for that ancient X and found it? In the',
    },
    {
      x: ['door', 'gate', 'boat'],
      y: colours,
      fact: 'They painted the X Y before the winter.',
      same: 'What colour had they painted the X before the winter? They painted it',
      other: 'If one looked at the X at Christmas, which shade did it have? It was',
    },
    {
      x: ['captain', 'widow', 'priest'],
      y: animals,
      fact: 'The X kept a Y in the house.',
      same: 'What did the X keep in the house? A',
      other: 'Which creature lived together with the X? A',
    },
    {
      x: ['trial', 'wedding', 'auction'],
      y: months,
      fact: 'The X was to be held in Y.',
      same: 'When was the X to be held? In',
      other: 'For what part of the year had people been invited to the X? For',
    },
    {
      x: ['bridge', 'bell', 'statue'],
      y: metals,
      fact: 'The X of the town was made of Y.',
      same: 'What was the X of the town made of? It was made of',
      other: 'Which material had the citizens chosen for their X? They had chosen',
    },
    {
      x: ['uncle', 'nephew', 'cousin'],
      y: trades,
      fact: 'Her X worked as a Y.',
      same: 'What did her X work as? As a',
      other: 'How did the X earn a living? As a',
    },
  ],
  report: [
    {
      x: ['letter', 'necklace', 'pistol'],
      y: places,
      fact: 'Somebody had left the X in the Y.',
      same: 'Where had somebody left the X? In the',
      other: 'In which place would a search for the X have been successful? In the',
    },
    {
      x: ['hat', 'coat', 'scarf'],
      y: colours,
      fact: 'The stranger wore a Y X that evening.',
      same: 'Of what colour was the X that the stranger wore that evening? It was',
      other: 'How would a witness have described the X of the unknown man? As',
    },
    {
      x: ['general', 'miller', 'countess'],
      y: animals,
      fact: 'The X was afraid of every Y.',
      same: 'Of what was the X afraid? Of every',
      other: 'The sight of which beast made the X tremble? That of a',
    },
    {
      x: ['concert', 'journey', 'meeting'],
      y: days,
      fact: 'The X was put off until Y.',
      same: 'Until when was the X put off? Until',
      other: 'On which new date were people told to come for the X? On',
    },
    {
      x: ['crown', 'cup', 'sword'],
      y: metals,
      fact: 'The famous X was really only Y.',
      same: 'What was the famous X really? Only',
      other: 'Out of which substance did the X turn out to consist? Out of',
    },
    {
      x: ['brother', 'father', 'neighbour'],
      y: trades,
      fact: 'His X had been a Y for many years.',
      same: 'What had his X been for many years? A',
      other: 'Which profession did the X practise in life? That of a',
    },
    {
      x: ['prisoner', 'child', 'guest'],
      y: foods,
      fact: 'The X would eat nothing but Y.',
      same: 'What would the X eat and nothing else? Nothing but',
      other: 'Which meal alone could one offer the X? One of',
    },
    {
      x: ['ambassador', 'merchant', 'singer'],
      y: cities,
      fact: 'The X came from Y.',
      same: 'Where did the X come from? From',
      other: 'What was the home town of the X? It was',
    },
    {
      x: ['farmer', 'judge', 'inn-keeper'],
      y: numbers,
      fact: 'The X had Y daughters.',
      same: 'How many daughters did the X have? The X had',
      other: 'What was the count of girls in the family of the X? It was',
    },
    {
      x: ['storm', 'fire', 'flood'],
      y: months,
      fact: 'The great X had happened in Y.',
      same: 'When had the great X happened? In',
      other: 'What time of the year was it when the X brought disaster? It was',
    },
    {
      x: ['treaty', 'contract', 'will'],
      y: cities,
      fact: 'The X had been signed in Y.',
      same: 'Where had the X been signed? In',
      other: 'To which town had the parties travelled to put their names under the X? To',
    },
  ],
};

// What else each is called, in no word of the fact.
const aliases = {
  key: 'thing that opens a lock',
  ring: 'jewel for a finger',
  map: 'chart of the country',
  door: 'way into the house',
  gate: 'opening in the fence',
  boat: 'little vessel',
  captain: 'commander of the ship',
  widow: 'woman whose husband was dead',
  priest: 'man of the church',
  trial: 'case before the court',
  wedding: 'marriage feast',
  auction: 'sale to the highest bidder',
  bridge: 'crossing over the river',
  bell: 'thing that rings the hours',
  statue: 'carved figure',
  uncle: 'man whose sister was the mother',
  nephew: 'son of the sister',
  cousin: 'child of the aunt',
  letter: 'sheet with the writing',
  necklace: 'chain of pearls',
  pistol: 'weapon',
  hat: 'thing on the head',
  coat: 'long garment',
  scarf: 'piece of cloth round the neck',
  general: 'leader of the army',
  miller: 'man who ground the corn',
  countess: 'noble lady',
  concert: 'evening of music',
  journey: 'long trip',
  meeting: 'assembly',
  crown: 'thing that kings wear on their heads',
  cup: 'vessel to drink from',
  sword: 'blade',
  brother: 'other son of the same parents',
  father: 'male parent',
  neighbour: 'man who lived next door',
  prisoner: 'man behind bars',
  child: 'little one',
  guest: 'person who had been invited',
  ambassador: 'envoy of the foreign state',
  merchant: 'man who bought and sold',
  singer: 'artist with the fine voice',
  farmer: 'man who ploughed the fields',
  judge: 'man who passed sentences',
  'inn-keeper': 'man who let rooms to travellers',
  storm: 'wild wind',
  fire: 'blaze',
  flood: 'high water',
  treaty: 'agreement between the states',
  contract: 'written bargain',
  will: 'last wishes of the dead',
};

const carriers = [
  ['As an old woman used to tell anybody who would listen to her in those years,', '.'],
  ['It was not until much later, when hardly anyone cared about it any longer, that we heard how', '.'],
  ['There had been talk of it for weeks, and some had even laid money on it, but in the end', '.'],
  [
    'In the second of his notebooks, which nobody had opened for a long time, he had put down that',
    ', and nothing else.',
  ],
  [
    'Without thinking much about what it might mean for all of us, she said that',
    ', as if that were the most natural thing.',
  ],
  ['We all remember it well, for it had rained since the morning and the roads were bad:', ', and so it remained.'],
];

const [file, ...rest] = process.argv.slice(2);
const options = { set: 'dev', count: '300', characters: '2380-2620', seed: '1' };
for (let i = 0; i < rest.length; i += 2) options[rest[i].replace(/^--/, '')] = rest[i + 1];
const chosen = templates[options.set];
if (!file || !chosen)
  throw new Error(
    'usage: node bench/decoders/recall.mjs TEXTFILE --set dev|report [--count 300] [--characters 2380-2620] [--seed 1]',
  );
const [least, most] = options.characters.split('-').map(Number);

let state = Number(options.seed) >>> 0;
function random() {
  state = (state + 0x6d2b79f5) >>> 0;
  let x = state;
  x = Math.imul(x ^ (x >>> 15), x | 1);
  x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
  return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
}
const below = (n) => Math.floor(random() * n);
function shuffled(list) {
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; --i) {
    const j = below(i + 1);
    [copy[i], copy[j]] = [copy[j], copy[i]];
  }
  return copy;
}

const sentences = readFileSync(file, 'utf8')
  .replace(/\s+/g, ' ')
  .match(/[A-Z][^.!?]{20,240}[.!?]["”]?/g);

for (let i = 0; i < Number(options.count); ++i) {
  const template = chosen[i % chosen.length];
  const kind = ['same', 'other', 'same', 'unnamed'][Math.floor(i / chosen.length) % 4];
  const confusable = Math.floor(i / chosen.length / 4) % 2 === 1;
  const target = least + below(most - least + 1);
  const start = below(sentences.length - 200);
  const text = [];
  for (let n = 0, at = start; n + sentences[at].length < target; ++at) {
    text.push(sentences[at]);
    n += sentences[at].length + 1;
  }
  const things = shuffled(template.x);
  const answers = shuffled(template.y);
  const say = (pattern, x, y) => pattern.replaceAll('X', x).replaceAll('Y', y);
  // As long as the sentences around it, or else whoever prefers short sentences finds it.
  const carried = (fact) => {
    const inner = fact[0].toLowerCase() + fact.slice(1, -1);
    const [before, after] = carriers[below(carriers.length)];
    return `${before} ${inner}${after}`;
  };
  const place = (fact, from, to) =>
    text.splice(Math.floor(text.length * (from + random() * (to - from))), 0, carried(fact));
  place(say(template.fact, things[0], answers[0]), 0.05, 0.45);
  if (confusable) {
    place(say(template.fact, things[1], answers[1]), 0.05, 0.9);
    place(say(template.fact, things[2], answers[2]), 0.05, 0.9);
  }
  const named = kind === 'unnamed' ? aliases[things[0]] : things[0];
  const question = say(kind === 'same' ? template.same : template.other, named, '');
  const mixed = shuffled(answers);
  console.log(
    JSON.stringify({
      prompt: `${text.join(' ')}\n\nQuestion: ${question.replace('? ', '?\nAnswer: ')}`,
      answers: mixed.map((answer) => ` ${answer}`),
      right: mixed.indexOf(answers[0]),
      part: `${kind}${confusable ? ', confusable' : ''}`,
    }),
  );
}
