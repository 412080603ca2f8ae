// The linear layers alone against the machine: GOP/s by number of rows, and how much of the measured peak that is.
import { spawn } from 'node:child_process';
import { Failure } from '../../scripts/support/steps.mjs';
import { buildProgram } from '../support/build.mjs';

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

const dtypeOf = (precision) => (precision === 'int8' ? 'q8' : 'fp32');

/**
 * One row for each library, precision and number of rows: a layer's four products together, as a layer of that model
 * runs them; and one for each function, in 10^9 values/s.
 * @returns {Promise<{kernels: string, layers: {library: string, dtype: string, rows: number, gops: number, peak: number}[],
 *   functions: {library: string, name: string, values: number, rate: number}[]}>}
 */
export async function roofline({ preset, node }, { hidden, inner }, threads) {
  const program = await buildProgram(preset, 'bench_kernels');
  const args = [String(threads), String(hidden), String(inner)];
  const [first, ...lines] = await (node ? linesOf(node, [program, ...args]) : linesOf(program, args));
  const cells = lines.map((line) => line.split(','));
  const peaks = new Map(cells.filter(([kind]) => kind === 'peak').map((cell) => [cell[2], Number(cell[6])]));
  const layers = new Map(); // of library, precision and rows: operations and nanoseconds for each row
  for (const [kind, library, precision, inputs, outputs, rows, gops] of cells) {
    if (kind !== 'linear') continue;
    const key = `${library},${precision},${rows}`;
    const layer = layers.get(key) ?? { library, precision, rows: Number(rows), operations: 0, time: 0 };
    const operations = 2 * Number(inputs) * Number(outputs);
    layer.operations += operations;
    layer.time += operations / Number(gops);
    layers.set(key, layer);
  }
  return {
    kernels: first.slice(first.indexOf(',') + 1),
    layers: [...layers.values()].map(({ library, precision, rows, operations, time }) => ({
      library,
      dtype: dtypeOf(precision),
      rows,
      gops: operations / time,
      peak: peaks.get(precision),
    })),
    functions: cells
      .filter(([kind]) => kind === 'function')
      .map(([, library, name, , , values, rate]) => ({ library, name, values: Number(values), rate: Number(rate) })),
  };
}
