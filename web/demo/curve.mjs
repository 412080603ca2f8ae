// Accuracy against speed of the bundled model, as README.md has it; `npx latformer sweep` prints these numbers.

const speedups = [1, 2, 3, 4.8];
const sets = [
  { name: 'sentences (SST-2)', accuracy: [89.8, 89.4, 87.4, 85.3] },
  { name: 'whole reviews (IMDB)', accuracy: [92.0, 92.3, 91.0, 89.6] },
];

const width = 400;
const height = 150;
const left = 40;
const right = 20;
const top = 12;
const bottom = 28;
const low = 84;
const high = 94;
const fastest = speedups.at(-1);
const named = 3.8; // the speed at which a line has its name

const x = (speedup) => left + ((speedup - 1) / (fastest - 1)) * (width - left - right);
const y = (accuracy) => top + ((high - accuracy) / (high - low)) * (height - top - bottom);

function shape(name, attributes, text) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

/** Between the speeds that were measured, by a straight line. */
function accuracyAt(speedup, accuracy) {
  const after = speedups.findIndex((each) => each >= speedup);
  if (after <= 0) return accuracy[0];
  const [from, to] = [speedups[after - 1], speedups[after]];
  return accuracy[after - 1] + ((accuracy[after] - accuracy[after - 1]) * (speedup - from)) / (to - from);
}

/** Draws it into an <svg>; gives what moves the mark to a speed and says in words what it costs. */
export function drawCurve(svg, caption) {
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  const parts = [];
  for (const accuracy of [85, 90]) {
    parts.push(shape('line', { class: 'grid', x1: left, x2: width - right, y1: y(accuracy), y2: y(accuracy) }));
    parts.push(shape('text', { x: left - 8, y: y(accuracy) + 4, 'text-anchor': 'end' }, `${accuracy} %`));
  }
  for (const speedup of speedups) {
    parts.push(shape('text', { x: x(speedup), y: height - 8, 'text-anchor': 'middle' }, `${speedup}×`));
  }
  sets.forEach(({ name, accuracy }, index) => {
    const points = speedups.map((speedup, at) => `${x(speedup)},${y(accuracy[at])}`).join(' ');
    parts.push(shape('polyline', { class: index === 0 ? 'curve second' : 'curve', points }));
    const at = { x: x(named), y: y(accuracyAt(named, accuracy)) - 15 };
    parts.push(shape('text', { ...at, 'text-anchor': 'middle' }, name));
  });
  const mark = shape('line', { class: 'now', y1: top, y2: height - bottom });
  svg.replaceChildren(...parts, mark);
  return (speedup) => {
    const isMeasured = speedup <= fastest;
    mark.setAttribute('visibility', isMeasured ? 'visible' : 'hidden');
    mark.setAttribute('x1', x(speedup));
    mark.setAttribute('x2', x(speedup));
    const right = sets.map(({ name, accuracy }) => `${accuracyAt(speedup, accuracy).toFixed(1)} % of ${name}`);
    caption.textContent = isMeasured
      ? `At ${speedup}× the label is right for ${right.join(' and ')}.`
      : `Beyond ${fastest}× nothing was measured.`;
  };
}
