// Draws docs/elimination.svg: the words of a review that survive each layer, as the bundled model really keeps them.
//   node scripts/picture.mjs
import { writeFile } from 'node:fs/promises';
import { pipeline } from 'latformer';

const review =
  'An astonishing debut: funny, tender and beautifully acted, with a last scene that nobody in the room forgot.';
const speedups = [1, 2, 4.8];
const size = { font: 13, advance: 7.85, row: 22, gap: 30, left: 92, top: 18 };

const escape = (text) => text.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]);

// The sentence as one layer has it: words that are gone stay as a pale shadow, so that all keep their places.
function layerRow(words, kept, y) {
  let row = '';
  let at = 0;
  for (const { position, begin, end } of words) {
    if (end === begin || kept.has(position)) continue;
    row += `${escape(review.slice(at, begin))}<tspan class="gone">${escape(review.slice(begin, end))}</tspan>`;
    at = end;
  }
  row += escape(review.slice(at));
  const length = (review.length * size.advance).toFixed(1);
  return `<text x="${size.left}" y="${y}" textLength="${length}">${row.replaceAll('</tspan><tspan class="gone">', '')}</text>`;
}

const classify = await pipeline('sentiment-analysis');
const parts = [];
let y = size.top;
for (const speedup of speedups) {
  const [{ label, score, stats }] = await classify(review, { speedup, stats: true });
  const words = stats.words.map((word, position) => ({ ...word, position }));
  parts.push(`<text x="8" y="${y}" class="title">speedup ${speedup}: ${label} ${score.toFixed(3)}</text>`);
  y += size.row;
  stats.kept.forEach((positions, layer) => {
    // The last layer computes [CLS] alone at every speed, which says nothing about words.
    if (layer === stats.kept.length - 1) return;
    parts.push(`<text x="8" y="${y}" class="layer">layer ${layer + 1}</text>`, layerRow(words, new Set(positions), y));
    y += size.row;
  });
  y += size.gap - size.row;
}
classify.dispose();

const width = Math.ceil(size.left + review.length * size.advance + 16);
const style =
  `text{font:${size.font}px ui-monospace,Menlo,Consolas,monospace}` +
  '.title{font-weight:bold;fill:#1a5fb4}.layer{fill:#77767b}[textLength]{fill:#1a1a1a}.gone{fill:#dcdcdc}';
const svg =
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" viewBox="0 0 ${width} ${y}" role="img">` +
  `<title>Words that survive each layer at speedups ${speedups.join(', ')}</title><style>${style}</style>` +
  `<rect width="100%" height="100%" fill="#ffffff"/>${parts.join('\n')}</svg>\n`;
await writeFile(new URL('../docs/elimination.svg', import.meta.url), svg);
console.log('docs/elimination.svg');
