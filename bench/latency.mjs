// Does measured time follow the request? Speedups and latency budgets of the package in Node, after one calibration.
//
//   npm run bench:latency -- [DIR] [--tokens 64,128,256,512] [--speedups 1.5,2,3,4.8,6] [--rounds 15]
//                            [--budgets 10,20,40] [--calls 100] [--dtype fp32] [--worker]
//
// DIR: a model folder; by default the bundled model. A speedup is that of the medians of whole calls, all speedups
// taking turns, against speedup 1. "cannot" marks a request that the profile's validated range or its floor forbids. Calls
// under a budget take turns over all lengths; inside is the share of those within it, among those that can be.
import { parseArgs } from 'node:util';
import { build } from '../scripts/build.mjs';
import { main } from '../scripts/support/steps.mjs';
import { median } from './support/median.mjs';
import { textOf } from './support/models.mjs';
import { table } from './support/table.mjs';

const numbers = (list) => list.split(',').map(Number);

async function timed(classify, text, options) {
  const begin = performance.now();
  await classify(text, options);
  return performance.now() - begin;
}

async function statsOf(classify, text, options) {
  const [{ stats }] = await classify(text, { ...options, stats: true }); // makes the call longer, hence apart
  return stats;
}

async function speedups(classify, lengths, asked, rounds) {
  const rows = [['tokens', 'ms', ...asked.map((speedup) => `${speedup}x`)]];
  for (const tokens of lengths) {
    const text = textOf(tokens);
    const cells = [1, ...asked].map((speedup) => ({ speedup, times: [], stats: null }));
    for (const cell of cells) cell.stats = await statsOf(classify, text, { speedup: cell.speedup });
    for (let round = 0; round < rounds; ++round) {
      for (const { speedup, times } of cells) times.push(await timed(classify, text, { speedup }));
    }
    const [full, ...others] = cells.map(({ times }) => median(times));
    const shown = others.map((milliseconds, i) => {
      const { speedup, stats } = cells[i + 1];
      const isShort = stats.achieved_speedup < speedup * 0.999;
      return `${(full / milliseconds).toFixed(2)}${isShort ? ` (cannot: ${stats.achieved_speedup.toFixed(2)})` : ''}`;
    });
    rows.push([String(tokens), full.toFixed(1), ...shown]);
  }
  return table(rows);
}

async function budgets(classify, lengths, asked, calls) {
  const rows = [['budget ms', 'calls that can', 'inside', 'median ms', 'largest speedup']];
  for (const budget of asked) {
    const possible = [];
    for (let call = 0; call < calls; ++call) {
      const tokens = lengths[call % lengths.length];
      const text = textOf(tokens);
      const stats = await statsOf(classify, text, { latency_budget: budget });
      const milliseconds = await timed(classify, text, { latency_budget: budget });
      if (stats.within_budget) possible.push({ milliseconds, speedup: stats.achieved_speedup });
    }
    const times = possible.map(({ milliseconds }) => milliseconds);
    const inside = times.filter((milliseconds) => milliseconds <= budget).length;
    const share = times.length > 0 ? `${((100 * inside) / times.length).toFixed(1)} %` : '-';
    const largest = Math.max(1, ...possible.map(({ speedup }) => speedup));
    const middle = times.length > 0 ? median(times).toFixed(1) : '-';
    rows.push([String(budget), `${times.length} of ${calls}`, share, middle, largest.toFixed(2)]);
  }
  return table(rows);
}

async function latency() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      tokens: { type: 'string', default: '64,128,256,512' },
      speedups: { type: 'string', default: '1.5,2,3,4.8,6' },
      rounds: { type: 'string', default: '15' },
      budgets: { type: 'string', default: '10,20,40' },
      calls: { type: 'string', default: '100' },
      dtype: { type: 'string' },
      worker: { type: 'boolean', default: false },
    },
  });
  await build();
  const { pipeline } = await import('../dist/node.mjs');
  const classify = await pipeline('text-classification', positionals[0] ?? null, {
    dtype: values.dtype,
    worker: values.worker,
  });
  const begin = performance.now();
  await classify.calibrate({ fresh: true });
  console.log(`\ncalibrated in ${(performance.now() - begin).toFixed(0)} ms`);

  const lengths = numbers(values.tokens).filter((tokens) => tokens <= classify.info.max_tokens);
  const asked = numbers(values.speedups).filter((speedup) => speedup <= classify.maxSpeedup);
  console.log('\nmeasured speedup by tokens and request');
  console.log(await speedups(classify, lengths, asked, Number(values.rounds)));
  console.log('\ncalls under a latency budget');
  console.log(await budgets(classify, lengths, numbers(values.budgets), Number(values.calls)));
  await classify.dispose();
}

await main(latency);
