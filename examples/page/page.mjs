// Serve this folder with node_modules/latformer/dist below it: `npm install latformer` here does that.
import { pipeline } from './node_modules/latformer/dist/web.mjs';

const [text, speedup, answer] = ['text', 'speedup', 'answer'].map((id) => document.getElementById(id));
const classify = await pipeline('sentiment-analysis'); // in a Web Worker

async function update() {
  const [{ label, score }] = await classify(text.value, { speedup: Number(speedup.value) });
  answer.textContent = `${label} ${score.toFixed(3)}`;
}

for (const input of [text, speedup]) input.addEventListener('input', update);
await update();
