// What `npm start` ends with: the bundled model reads real film reviews at three speeds, and shows which words were left
// after each layer. Plain text where there is no terminal or NO_COLOR is set: dropped words are dots then.
//   node scripts/first_look.mjs
import { pipeline } from 'latformer';

const speedups = [1, 2, 4.8];
const runs = 5; // of which the median time is shown

// From the dev sets of SST-2 (sentences of film reviews) and IMDB (whole reviews), as they are written there.
const reviews = [
  ['SST-2', 'the mesmerizing performances of the leads keep the film grounded and keep the audience riveted .'],
  ['SST-2', 'it takes talent to make a lifeless movie about the most heinous man who ever lived .'],
  [
    'SST-2',
    'aside from minor tinkering , this is the same movie you probably loved in 1994 , except that it looks even better .',
  ],
  [
    'SST-2',
    'in the end , the movie collapses on its shaky foundation despite the best efforts of director joe carnahan .',
  ],
  [
    'IMDB',
    "Can't get much eerier than Flatliners. This deep, dark film had my heart pumping throughout. The lighting is dark " +
      'and will get you in the mood for a death defying experience, literally. Keifer is in top form as he is today in ' +
      "24. He's a great actor and he plays a very convincing and shocking role you won't forget for years to come. And " +
      'what can you say for the rest of the cast? An all-star lineup, Julia is hotter than ever, Will, Oliver, and Kevin ' +
      "light up the stage in this thriller that will keep you gripping your seats. It's a refreshing sight to see a true " +
      "thriller, with top notch professional actors. You won't regret seeing this 2 hour seat bender. -JL",
  ],
];

const width = Math.min(Math.max(process.stdout.columns ?? 100, 60), 120);
const hasColors = Boolean(process.stdout.hasColors?.()) && !process.env.NO_COLOR;
const style = (code) => (text) => (hasColors ? `\x1b[${code}m${text}\x1b[0m` : text);
const [bold, dim, green, red, cyan] = [1, 90, 32, 31, 36].map(style);

/** Each word of the text with the layer's verdict: kept if any of its pieces was. */
function words({ words: tokens, kept }, layer) {
  const survivors = new Set(kept[layer].map((position) => tokens[position].word_id));
  const byId = new Map();
  for (const { begin, end, word_id } of tokens) {
    if (word_id === null) continue;
    const word = byId.get(word_id) ?? { begin, end, isKept: survivors.has(word_id) };
    byId.set(word_id, { ...word, end });
  }
  return [...byId.values()];
}

/** What a layer's line shows: [text, whether it is faded, whether a space goes before it]. */
function* pieces(text, survivors) {
  // Of a long text that lost most of its words only those that stayed are shown.
  const isBrief = text.length > 3 * width && 2 * survivors.filter(({ isKept }) => isKept).length < survivors.length;
  let at = 0;
  let isGap = false;
  for (const { begin, end, isKept } of survivors) {
    if (isBrief && !isKept) {
      if (!isGap) yield ['…', true, at > 0];
    } else {
      const word = text.slice(begin, end);
      yield [isKept || hasColors ? word : '·'.repeat(word.length), !isKept, isGap || begin > at];
    }
    isGap = isBrief && !isKept;
    at = end;
  }
}

/** The pieces wrapped behind a label. */
function* layerLines(label, text, survivors) {
  const room = width - label.length - 1;
  let line = '';
  let length = 0;
  let head = dim(label);
  for (const [piece, isFaded, hasSpace] of pieces(text, survivors)) {
    if (hasSpace && length > 0 && length + piece.length + 1 > room) {
      yield `${head} ${line}`;
      head = ' '.repeat(label.length);
      line = '';
      length = 0;
    }
    const space = hasSpace && length > 0 ? ' ' : '';
    line += space + (isFaded ? dim(piece) : piece);
    length += space.length + piece.length;
  }
  yield `${head} ${line}`;
}

// A pager that was closed early is no error.
process.stdout.on('error', (error) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

async function measured(classify, text, speedup) {
  const times = [];
  let result;
  for (let run = 0; run < runs; ++run) {
    [result] = await classify(text, { speedup, stats: true });
    times.push(result.stats.milliseconds);
  }
  return { ...result, milliseconds: median(times) };
}

function show(text, { label, score, stats, milliseconds }, speedup) {
  const paint = label === 'POSITIVE' ? green : red;
  const bar = '█'.repeat(Math.round(score * 10)).padEnd(10, '░');
  const facts = `${milliseconds.toFixed(1).padStart(7)} ms   ${stats.tokens} tokens → ${stats.tokens_per_layer.join(' ')}`;
  console.log(
    `\n  ${bold(`speedup ${String(speedup).padEnd(4)}`)} ${paint(`${label} ${bar} ${score.toFixed(3)}`)}${cyan(facts)}`,
  );

  // Layers that kept the same words share a line. The last one computes [CLS] alone at every speed and is left out.
  let begin = 0;
  for (let layer = 0; layer + 1 < stats.kept.length; ++layer) {
    const isSame = layer + 2 < stats.kept.length && stats.kept[layer + 1].length === stats.kept[begin].length;
    if (isSame) continue;
    const range = begin === layer ? `layer ${layer + 1}` : `layers ${begin + 1}-${layer + 1}`;
    const label = `    ${range}`.padEnd(15);
    const survivors = words(stats, layer);
    if (survivors.some(({ isKept }) => isKept)) {
      for (const line of layerLines(label, text, survivors)) console.log(line);
    } else {
      console.log(`${dim(label)} ${dim('no single word: [CLS] and the average of the others')}`);
    }
    begin = layer + 1;
  }
}

const start = performance.now();
const classify = await pipeline('sentiment-analysis');
const { num_hidden_layers: layers, hidden_size } = classify.info;
console.log(
  `\n${bold('Latformer')}: the bundled sentiment model (${layers} layers of width ${hidden_size}), ` +
    `loaded in ${Math.round(performance.now() - start)} ms.`,
);
console.log(
  dim(
    `Behind the arrow: word-vectors that leave each layer. Below: the words among them, ${hasColors ? 'dropped ones faded' : 'dropped ones as dots'}.`,
  ),
);
await classify(reviews.map(([, text]) => text)); // the first run of any WebAssembly is slower

const totals = new Map(speedups.map((speedup) => [speedup, { milliseconds: 0, macs: 0 }]));
for (const [index, [source, text]] of reviews.entries()) {
  const title = `── ${index + 1} of ${reviews.length}, ${source} `;
  console.log(`\n${cyan(title.padEnd(width, '─'))}`);
  for (const speedup of speedups) {
    const result = await measured(classify, text, speedup);
    show(text, result, speedup);
    const total = totals.get(speedup);
    total.milliseconds += result.milliseconds;
    total.macs += result.stats.macs;
  }
}
await classify.dispose();

console.log(`\n${cyan('── all '.padEnd(width, '─'))}\n`);
const plain = totals.get(1);
for (const [speedup, { milliseconds, macs }] of totals) {
  console.log(
    `  ${bold(`speedup ${String(speedup).padEnd(4)}`)} ${milliseconds.toFixed(1).padStart(8)} ms ` +
      `${(macs / 1e9).toFixed(2).padStart(8)} GMAC   ${(plain.macs / macs).toFixed(2)} times less work, ` +
      `${(plain.milliseconds / milliseconds).toFixed(2)} times faster`,
  );
}
console.log();
