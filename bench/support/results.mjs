// Results as a CSV file, one value in a line:
//
//   question    latency, throughput, load, kernels
//   machine     where that is not the one that most of the file is from
//   size        latency: tokens; throughput: texts; kernels: rows, or values of a function
//   set         throughput: where the texts are from; kernels: the function, of linear layers nothing
//   batch       throughput: texts in one call
//   value, unit median; samples: of how many
//   rate        latency: GOP/s, counting all tokens in all layers whatever is left out
//   peak        kernels: what the processor can do at most, in the same unit
import { existsSync, readFileSync } from 'node:fs';
import { writeWhole } from '../../scripts/support/stamp.mjs';

const columns = [
  ...['question', 'machine', 'model', 'runtime', 'version'],
  ...['library', 'dtype', 'threads', 'speedup', 'size', 'batch', 'set'],
  ...['value', 'unit', 'samples', 'peak', 'rate'],
];
const numbers = new Set(['threads', 'speedup', 'size', 'batch', 'value', 'samples', 'peak', 'rate']);

export function readResults(path) {
  if (!existsSync(path)) return [];
  const [head, ...lines] = readFileSync(path, 'utf8').trim().split('\n');
  const names = head.split(',');
  return lines.map((line) =>
    Object.fromEntries(
      line
        .split(',')
        .map((cell, i) => [names[i], cell !== '' && numbers.has(names[i]) ? Number(cell) : cell])
        .filter(([, cell]) => cell !== ''),
    ),
  );
}

export const partOf = ({ question, machine, model, runtime }) => [question, machine, model, runtime].join();

/** The rows of each part, model by model. */
export function partsOf(rows) {
  const models = [...new Set(rows.map(({ model }) => model))];
  const parts = new Map();
  for (const row of models.flatMap((model) => rows.filter((each) => each.model === model))) {
    const part = parts.get(partOf(row));
    if (part) part.push(row);
    else parts.set(partOf(row), [row]);
  }
  return [...parts.values()];
}

/**
 * Adds the rows of one part, in place of what the file had of it before: that is gone, so that rows that are compared were
 * run together.
 */
export function record(path, rows) {
  const replaced = new Set(rows.map(partOf));
  const before = readResults(path);
  const all = before.filter((row) => !replaced.has(partOf(row)));
  const place = before.findIndex((row) => replaced.has(partOf(row)));
  all.splice(place < 0 ? all.length : place, 0, ...rows);
  const text = (value) => (typeof value === 'number' ? String(Number(value.toPrecision(6))) : (value ?? ''));
  const lines = all.map((row) => columns.map((column) => text(row[column])).join(','));
  writeWhole(path, `${[columns.join(','), ...lines].join('\n')}\n`);
}
