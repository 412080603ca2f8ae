// The linear layers alone against the machine: GOP/s by number of rows, and how much of the measured peak that is.
import { spawn } from 'node:child_process';
import { Failure } from '../scripts/support/steps.mjs';
import { buildProgram } from './build.mjs';

function linesOf(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part) => (text += part));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(text.trim().split('\n')) : reject(new Failure(`${args[0] ?? command} ended with ${code}`)),
    );
  });
}

/**
 * One row for each precision and number of rows: a layer's four products together, as a layer of that model runs them.
 * @returns {Promise<{kernels: string, rows: {dtype: string, rows: number, gops: number, peak: number}[]}>}
 */
export async function roofline({ preset, node }, { hidden, inner }, threads) {
  const program = await buildProgram(preset, 'bench_kernels');
  const args = [String(threads), String(hidden), String(inner)];
  const [first, ...lines] = await (node ? linesOf(node, [program, ...args]) : linesOf(program, args));
  const cells = lines.map((line) => line.split(','));
  const peaks = new Map(cells.filter(([kind]) => kind === 'peak').map((cell) => [cell[1], Number(cell[5])]));
  const layers = new Map(); // of precision and rows: operations and nanoseconds for each row
  for (const [kind, precision, inputs, outputs, rows, gops] of cells) {
    if (kind !== 'linear') continue;
    const key = `${precision},${rows}`;
    const layer = layers.get(key) ?? { precision, rows: Number(rows), operations: 0, time: 0 };
    const operations = 2 * Number(inputs) * Number(outputs);
    layer.operations += operations;
    layer.time += operations / Number(gops);
    layers.set(key, layer);
  }
  return {
    kernels: first.slice(first.indexOf(',') + 1),
    rows: [...layers.values()].map(({ precision, rows, operations, time }) => ({
      dtype: precision === 'int8' ? 'q8' : 'fp32',
      rows,
      gops: operations / time,
      peak: peaks.get(precision),
    })),
  };
}
