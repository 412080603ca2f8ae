// The chart of docs/performance.md: milliseconds by tokens, both on logarithmic scales, one panel for each model.
import { colours, level, svg } from '../support/svg.mjs';

const width = 400;
const height = 340;
const margin = { left: 52, top: 34, right: 12, bottom: 40 };
const legend = 78;

const lines = [
  { library: 'onnxruntime-web', dtype: 'fp32', speedup: 1, colour: colours['onnxruntime-web'], dash: '5 4' },
  { library: 'onnxruntime-web', dtype: 'q8', speedup: 1, colour: colours['onnxruntime-web'] },
  { library: 'onnxruntime-node', dtype: 'q8', speedup: 1, colour: '#8a8f98', title: 'onnxruntime-node int8 (native)' },
  { library: 'latformer', dtype: 'fp32', speedup: 1, colour: colours.latformer, dash: '5 4' },
  { library: 'latformer', dtype: 'q8', speedup: 1, colour: colours.latformer },
  { library: 'latformer', dtype: 'q8', speedup: 4.8, colour: '#2a9d6f', title: 'latformer int8, speedup 4.8' },
];
const titleOf = ({ library, dtype, title }) => title ?? `${library} ${dtype === 'q8' ? 'int8' : 'f32'}`;

function panel(rows, model, left) {
  const points = lines.map((line) => ({
    ...line,
    points: rows
      .filter((row) => ['library', 'dtype', 'speedup'].every((key) => row[key] === line[key]))
      .sort((a, b) => a.size - b.size),
  }));
  const all = points.flatMap((line) => line.points);
  const sizes = [...new Set(all.map(({ size }) => size))].sort((a, b) => a - b);
  const values = all.map(({ value }) => value);
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.ceil(Math.log10(Math.max(...values)));
  const span = Math.log2(sizes.at(-1) / sizes[0]) || 1;
  const x = (size) => left + margin.left + (Math.log2(size / sizes[0]) / span) * (width - margin.left - margin.right);
  const y = (value) =>
    height - margin.bottom - ((Math.log10(value) - low) / (high - low)) * (height - margin.top - margin.bottom);

  const decades = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
  const right = left + width - margin.right;
  return [
    `<text class="title" x="${left + margin.left}" y="18">${model}: milliseconds by tokens</text>`,
    ...decades.map((value) => level(y(value), left + margin.left, right, value)),
    ...sizes.map(
      (size) => `<text text-anchor="middle" x="${x(size)}" y="${height - margin.bottom + 20}">${size}</text>`,
    ),
    ...points
      .filter((line) => line.points.length > 0)
      .map((line) => {
        const path = line.points.map(({ size, value }) => `${x(size).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
        const dash = line.dash ? ` stroke-dasharray="${line.dash}"` : '';
        return `<polyline fill="none" stroke="${line.colour}" stroke-width="2"${dash} points="${path}"/>`;
      }),
  ].join('\n');
}

function keyOfLines(wide) {
  const columns = wide ? 3 : 2;
  return lines
    .map((line, i) => {
      const left = 16 + (i % columns) * 230;
      const top = height + 14 + Math.floor(i / columns) * 22;
      const dash = line.dash ? ` stroke-dasharray="${line.dash}"` : '';
      return (
        `<line x1="${left}" x2="${left + 24}" y1="${top}" y2="${top}" stroke="${line.colour}" stroke-width="2"${dash}/>` +
        `<text x="${left + 32}" y="${top + 4}">${titleOf(line)}</text>`
      );
    })
    .join('\n');
}

/** SVG as text: one thread, in Node with relaxed SIMD. */
export function latencyChart(rows) {
  const shown = rows.filter(
    ({ question, runtime, threads }) => question === 'latency' && runtime === 'node-relaxed' && threads === 1,
  );
  const models = [...new Set(shown.map(({ model }) => model))];
  const across = Math.max(models.length * width, 480);
  const panels = models.map((model, i) =>
    panel(
      shown.filter((row) => row.model === model),
      model,
      i * width,
    ),
  );
  const label = 'Milliseconds by tokens, one thread, Node with relaxed SIMD';
  return svg(across, height + legend, label, [...panels, keyOfLines(across > 700)]);
}
