// The page: what is typed is classified in a worker, at the speed of the slider, and the answer is shown.
import { pipeline } from '../../dist/web.mjs';
import { layersOf } from './words.mjs';

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

const element = (id) => document.getElementById(id);
const [text, speedup, chosen, label, layers] = ['text', 'speedup', 'chosen', 'label', 'layers'].map(element);

function show(id, content) {
  element(id).textContent = content;
}

function showError(error) {
  element('alert').hidden = false;
  show('alert', error.code === undefined ? error.message : `${error.message} (${error.code})`);
}

function showAnswer(input, answer) {
  const { stats } = answer;
  label.textContent = answer.label;
  label.className = answer.label.toLowerCase();
  show('score', `${(100 * answer.score).toFixed(1)} %`);
  show('milliseconds', `${stats.milliseconds.toFixed(1)} ms`);
  show('tokens', String(stats.tokens));
  show('macs', `${(stats.macs / 1e6).toFixed(0)} M MACs`);
  show('achieved', `${stats.achieved_speedup.toFixed(2)}×`);

  const notes = [];
  if (stats.truncated) notes.push('The text is longer than the model can read; its end was cut off.');
  if (stats.achieved_speedup < stats.requested_speedup) notes.push('A text this short cannot be run that much faster.');
  element('note').hidden = notes.length === 0;
  show('note', notes.join(' '));
  layers.replaceChildren(...layersOf(input, stats).map(layerItem));
}

function layerItem({ pieces, kept, words }, index) {
  const item = document.createElement('li');
  const name = document.createElement('span');
  name.className = 'name';
  name.textContent = `Layer ${index + 1}: ${kept} of ${words}`;
  const line = document.createElement('span');
  line.className = 'words';
  for (const piece of pieces) {
    const part = document.createElement(piece.kept ? 'span' : 'del');
    part.textContent = piece.text;
    if (!piece.kept) part.setAttribute('aria-hidden', 'true');
    line.append(part);
  }
  item.append(name, line);
  return item;
}

function showProgress({ status, file, progress }) {
  if (status === 'progress' && file === 'model.safetensors') element('loaded').value = progress;
  if (status === 'ready') element('loading').hidden = true;
}

async function start() {
  const classify = await pipeline('sentiment-analysis', null, { progress_callback: showProgress });
  speedup.max = String(classify.maxSpeedup);
  speedup.disabled = false;

  let isRunning = false;
  let isStale = false;
  // One run at a time; what changed meanwhile is run next, and nothing in between.
  async function update() {
    chosen.textContent = `${speedup.valueAsNumber}×`;
    isStale = true;
    if (isRunning) return;
    isRunning = true;
    while (isStale) {
      isStale = false;
      const input = text.value;
      try {
        const [answer] = await classify(input, { speedup: speedup.valueAsNumber, stats: true });
        element('alert').hidden = true;
        if (!isStale) showAnswer(input, answer);
      } catch (error) {
        showError(error);
      }
    }
    isRunning = false;
  }

  text.addEventListener('input', update);
  speedup.addEventListener('input', update);
  for (const button of element('examples').children) button.addEventListener('click', update);
  await update();
}

for (const [name, example] of Object.entries(examples)) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = name;
  button.addEventListener('click', () => (text.value = example));
  element('examples').append(button);
}
text.value ||= examples.praise;

start().catch((error) => {
  element('loading').hidden = true;
  showError(error);
});
