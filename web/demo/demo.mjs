// The page: what is typed is classified in a worker, in full and at the chosen speed in turn, and both answers are shown.
import { pipeline } from './modules/latformer/dist/web.mjs';
import { drawCurve } from './curve.mjs';
import { setUpGeneration } from './generate.mjs';
import { chooseFolder, dropFolders, offerThreads, optionsFrom } from './model.mjs';
import { makeTabs } from './tabs.mjs';
import { wordsOf } from './words.mjs';

const examples = {
  praise:
    'One of the best films of the year. The script is sharp and funny, the cast is having the time of its life, ' +
    'and the last twenty minutes are as moving as anything I have seen in a theatre. I walked out smiling and ' +
    'went back the next evening with my parents, who loved it as much as I did.',
  blame:
    'Two dull hours of people talking in dark rooms, a silly twist that everyone sees coming after ten minutes, ' +
    'and a hero who seems as bored as I was. The trailer promised a thriller; this is a waste of time. The music ' +
    'is fine, but nothing else here is worth the price of the ticket.',
  mixed:
    'The first hour is slow and the dialogue is often clumsy, and I was close to leaving. I am glad that I ' +
    'stayed: the second half is tense, beautifully shot and surprisingly moving.',
};

const rounds = 5; // the shown times are medians of so many runs, once the text rests
const restingFor = 300; // milliseconds without a change

const element = (id) => document.getElementById(id);
const settings = Object.fromEntries(['dtype', 'threads', 'kernels', 'budget', 'folder'].map((id) => [id, element(id)]));
const [text, speedup, layer] = ['text', 'speedup', 'layer'].map(element);

const show = (id, content) => (element(id).textContent = content);
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** Without an error, none is shown. */
function showError(error) {
  element('alert').hidden = error === undefined;
  if (error !== undefined) show('alert', error.code === undefined ? error.message : `${error.message} (${error.code})`);
}

// The words.

let words = [];
let dropped = 'merge'; // what the model does with words that it drops

function listed(names) {
  const each = [...new Set(names)];
  return each.length > 8 ? `${each.slice(0, 8).join(', ')} and ${each.length - 8} more` : each.join(', ');
}

/** What was told apart of the words at a layer: [which, what became of them]. */
function fateAt(at) {
  const all = words.filter(({ layers }) => layers !== undefined);
  const kept = all.filter(({ layers }) => layers >= at);
  const gone = all.length - kept.length;
  const count = `${kept.length} of ${all.length} words`;
  if (at === 0) return [count, 'go in.'];
  if (gone === 0) return [count, 'still have a vector of their own.'];
  const now = all.filter(({ layers }) => layers === at - 1).map((word) => word.text);
  const joined = now.length > 0 ? ` New here: ${listed(now)}.` : '';
  if (dropped !== 'merge') return [count, `still have a vector of their own; ${gone} are dropped.${joined}`];
  if (kept.length === 0) return [`All ${gone} words`, `live on in the rest row, as one average.${joined}`];
  return [count, `still have a vector of their own; the rest row holds ${gone} as one average.${joined}`];
}

/** How a word is marked at a layer. */
function markOf(layers, at) {
  if (layers >= at) return at > 0 ? 'kept' : '';
  if (dropped !== 'merge') return 'gone lost';
  return layers === at - 1 ? 'gone joined' : 'gone';
}

function showLayer() {
  const at = layer.valueAsNumber;
  const spans = element('words').children; // none while the text is newer than the words
  words.forEach(({ layers }, index) => {
    if (layers !== undefined && spans[index] !== undefined) spans[index].className = markOf(layers, at);
  });
  const [count, rest] = fateAt(at);
  const name = at === 0 ? 'the text' : `after ${at} of ${layer.max}`;
  show('layer-name', at === 0 ? 'text' : `${at} of ${layer.max}`);
  show('kept', count);
  show('rest', rest);
  layer.setAttribute('aria-valuetext', `${name}: ${count} ${rest}`);
}

function showWords(input, { stats }) {
  words = wordsOf(input, stats);
  const spans = words.map((word) => {
    const span = document.createElement('span');
    span.textContent = word.text;
    return span;
  });
  element('words').replaceChildren(...spans, '\u200b'); // so that a last empty line has its height
  layer.max = String(stats.kept.length - 1);
  layer.disabled = false;
  showLayer();
}

// The answers.

function showAnswer(prefix, { label, score }) {
  show(`${prefix}label`, label);
  element(`${prefix}label`).className = label.toLowerCase();
  show(`${prefix}score`, `${(100 * score).toFixed(1)}\u00a0%`);
}

function showTimes(full, fast) {
  show('full-time', median(full).toFixed(1));
  show('time', median(fast).toFixed(1));
  show('achieved', `${(median(full) / median(fast)).toFixed(1)}×`);
}

function showNotes({ stats }) {
  const notes = [];
  if (stats.truncated) notes.push('The text is longer than the model can read; its end was cut off.');
  if (stats.within_budget === false) notes.push('Even the highest speed does not fit this budget.');
  if (stats.requested_speedup !== null && stats.achieved_speedup < 0.9 * stats.requested_speedup) {
    notes.push('A text this short cannot be run that much faster.');
  }
  element('note').hidden = notes.length === 0;
  show('note', notes.join(' '));
}

// The model.

let classify;
let version = 0; // of what is asked for
let showCosts;
let isRunning = false;

/** How the fast one is asked for. */
function speedAsked() {
  const budget = settings.budget.valueAsNumber;
  return budget > 0 ? { latency_budget: budget } : { speedup: speedup.valueAsNumber };
}

/** One text in full and fast, in turn, until times are steady or something else is asked for. */
async function answer(mine) {
  const input = text.value;
  const asked = speedAsked();
  const times = { full: [], fast: [] };
  for (let round = 0; round < rounds && mine === version; ++round) {
    const [full] = await classify(input, { speedup: 1, stats: true });
    const [fast] = await classify(input, { ...asked, stats: true });
    if (mine !== version) return;
    times.full.push(full.stats.milliseconds);
    times.fast.push(fast.stats.milliseconds);
    element('alert').hidden = true;
    showTimes(times.full, times.fast);
    if (round > 0) continue;
    showAnswer('full-', full);
    showAnswer('', fast);
    showNotes(fast);
    showWords(input, fast);
    show('at', asked.speedup === undefined ? `${asked.latency_budget} ms` : `${asked.speedup}×`);
    document.body.dataset.answered = String(mine);
    await pause(restingFor);
  }
}

/** One run at a time; what changed meanwhile is run next, and nothing in between. */
async function update() {
  ++version;
  show('chosen', speedup.disabled ? '–' : `${speedup.valueAsNumber}×`);
  showCosts?.(speedup.valueAsNumber);
  if (isRunning || classify === undefined) return;
  isRunning = true;
  for (let done = 0; done !== version;) {
    done = version;
    try {
      await answer(done);
    } catch (error) {
      if (error.code !== 'disposed') showError(error);
    }
  }
  isRunning = false;
}

function showProgress({ status, progress }) {
  if (status === 'progress_total') element('loaded').value = progress;
}

function showInfo(info) {
  dropped = info.profile.dropped;
  speedup.max = String(info.max_speedup);
  speedup.disabled = settings.budget.valueAsNumber > 0;
  const profile = info.profile.source === 'model' ? '' : ' It runs with the default profile.';
  const threads = `${info.threads} thread${info.threads === 1 ? '' : 's'}`;
  const size = `${info.num_hidden_layers} layers of ${info.hidden_size}, ${info.dtype}`;
  show('info', `${size}; ${info.binary}, ${threads}, ${info.kernels}.${profile} ${info.notes.join(' ')}`);
}

let model = null; // the bundled one

async function load() {
  const old = classify;
  classify = undefined;
  ++version;
  element('alert').hidden = true;
  element('loading').hidden = false;
  element('loaded').removeAttribute('value');
  try {
    await old?.dispose();
    const loaded = await pipeline('text-classification', model, {
      ...optionsFrom(settings),
      progress_callback: showProgress,
    });
    await loaded.calibrate().catch(() => undefined); // a browser with a coarse clock: speeds are counted in work
    classify = loaded;
    showInfo(loaded.info);
    element('curve-section').hidden = model !== null; // it is the bundled model's
  } catch (error) {
    showError(error);
  }
  element('loading').hidden = true;
  await update();
}

function takeModel(given) {
  model = given;
  return load();
}

function setUp() {
  for (const [name, example] of Object.entries(examples)) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = name;
    button.addEventListener('click', () => {
      text.value = example;
      element('words').textContent = example;
      update();
    });
    element('examples').append(button);
  }
  text.value ||= examples.praise;
  element('words').textContent = text.value;
  offerThreads(settings.threads);
  showCosts = drawCurve(element('curve'), element('curve-text'));
  showCosts(1);
  const takers = { classify: takeModel, generate: setUpGeneration(settings, showError) };
  let shown = 'classify';
  makeTabs(element('tabs'), [...document.querySelectorAll('[data-tab]')], ({ id }) => {
    shown = id;
    element('info').hidden = id !== 'classify'; // it is of that model
    showError();
  });
  chooseFolder(settings.folder, takers.classify);
  chooseFolder(element('generate-folder'), takers.generate);
  dropFolders((given) => takers[shown](given), showError);

  text.addEventListener('input', () => {
    element('words').textContent = `${text.value}\u200b`; // as high as the text until it is answered
    update();
  });
  speedup.addEventListener('input', update);
  layer.addEventListener('input', showLayer);
  settings.budget.addEventListener('input', () => {
    speedup.disabled = settings.budget.valueAsNumber > 0;
    update();
  });
  for (const id of ['dtype', 'threads', 'kernels']) settings[id].addEventListener('change', load);
  element('settings').addEventListener('submit', (event) => event.preventDefault());
}

setUp();
await load();
