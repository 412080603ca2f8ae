// A chart as SVG: percent right by milliseconds (logarithmic), a line through the speeds of one model in one library, a dot for each
// that has only one. The library is the colour.
import { colours, level, svg } from '../support/svg.mjs';

const width = 640;
const height = 400;
const margin = { left: 56, top: 20, right: 150, bottom: 48 };

/** Round milliseconds inside the range: 1, 2 and 5 times powers of ten. */
function ticksBetween(low, high) {
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); ++power) {
    ticks.push(...[1, 2, 5].map((digit) => Number(`${digit}e${power}`)));
  }
  return ticks.filter((tick) => tick >= low && tick <= high);
}

/** `points`: { name, library, speedup, milliseconds, right (of 1) }. */
export function tradeoffChart(points) {
  const times = points.map(({ milliseconds }) => milliseconds);
  const [fast, slow] = [Math.min(...times) / 1.3, Math.max(...times) * 1.3];
  const rights = points.map(({ right }) => 100 * right);
  const [low, high] = [Math.floor(Math.min(...rights)) - 1, Math.ceil(Math.max(...rights)) + 1]; // names have room
  const right = width - margin.right;
  const bottom = height - margin.bottom;
  const x = (ms) => margin.left + (Math.log(ms / fast) / Math.log(slow / fast)) * (right - margin.left);
  const y = (value) => bottom - ((value - low) / (high - low)) * (bottom - margin.top);
  const step = Math.ceil((high - low) / 8);
  const levels = Array.from({ length: Math.floor((high - low) / step) + 1 }, (_, i) => low + i * step);

  const key = Object.entries(colours).map(
    ([library, colour], i) =>
      `<circle cx="${right + 20}" cy="${margin.top + 10 + 20 * i}" r="4" fill="${colour}"/>` +
      `<text x="${right + 30}" y="${margin.top + 14 + 20 * i}">${library}</text>`,
  );

  const titleOf = ({ name, library }) => `${name}, ${library}`;
  const titles = [...new Set(points.map(titleOf))];
  const drawn = titles.map((title) => {
    const own = points.filter((point) => titleOf(point) === title);
    const colour = colours[own[0].library];
    const at = own.map((point) => [x(point.milliseconds).toFixed(1), y(100 * point.right).toFixed(1)]);
    const dots = own.map(({ speedup }, i) => {
      const [left, top] = at[i].map(Number);
      const below = `<text text-anchor="middle" x="${left}" y="${top + 19}">${speedup}x</text>`;
      return `<circle cx="${left}" cy="${top}" r="4" fill="${colour}"/>${own.length > 1 ? below : ''}`;
    });
    const slowest = own.reduce((most, { milliseconds }, i) => (milliseconds > own[most].milliseconds ? i : most), 0);
    const [left, top] = at[slowest].map(Number);
    const name = `<text text-anchor="middle" x="${left}" y="${top - 10}">${own[0].name}</text>`;
    const line = `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${at.map(String).join(' ')}"/>`;
    return [...(own.length > 1 ? [line] : []), ...dots, name].join('\n');
  });
  return svg(width, height, 'Percent right by milliseconds a text', [
    ...levels.map((value) => level(y(value), margin.left, right, `${value} %`)),
    ...ticksBetween(fast, slow).map(
      (ms) => `<text text-anchor="middle" x="${x(ms).toFixed(1)}" y="${bottom + 18}">${ms}</text>`,
    ),
    `<text text-anchor="middle" x="${(margin.left + right) / 2}" y="${height - 8}">milliseconds a text</text>`,
    ...key,
    ...drawn,
  ]);
}
