// Two builds of the package beside each other: did a change cost speed, or gain any? Both are loaded into one process, and
// take turns call by call; shown are the ratios of their medians, above 1 where the second build is the faster one.
//
//   npm run bench:builds -- DIST_BEFORE DIST_AFTER [--model DIR] [--tokens 16,32,64,128,256,512] [--dtypes fp32,q8]
//                           [--speedups 1,4.8] [--seconds 2]
//
// DIST: what `npm run build` has made (dist/), of this or an earlier commit: for one of these, `git worktree add ../before
// COMMIT`, and `npm run build` there. Without --model, each runs its own bundled model. --seconds: of turns for each cell.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Failure, main } from '../scripts/support/steps.mjs';
import { median } from './support/median.mjs';
import { textOf } from './support/models.mjs';
import { table } from './support/table.mjs';

const numbers = (list) => list.split(',').map(Number);

async function load(dist, model, dtype) {
  const { pipeline } = await import(pathToFileURL(resolve(dist, 'node.mjs')).href);
  return pipeline('text-classification', model ?? null, { dtype, threads: 1, worker: false });
}

async function timed(classify, text, speedup) {
  const begin = performance.now();
  await classify(text, { speedup });
  return performance.now() - begin;
}

/** Milliseconds of each build, taking turns. */
async function cell(builds, text, speedup, seconds) {
  const times = builds.map(() => []);
  for (const classify of builds) await timed(classify, text, speedup);
  const end = performance.now() + 1000 * seconds;
  for (let round = 0; performance.now() < end || times[0].length < 5; ++round) {
    const order = round % 2 === 0 ? [0, 1] : [1, 0]; // nobody always comes second
    for (const index of order) times[index].push(await timed(builds[index], text, speedup));
  }
  return times.map(median);
}

await main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      model: { type: 'string' },
      tokens: { type: 'string', default: '16,32,64,128,256,512' },
      dtypes: { type: 'string', default: 'fp32,q8' },
      speedups: { type: 'string', default: '1,4.8' },
      seconds: { type: 'string', default: '2' },
    },
  });
  if (positionals.length !== 2) throw new Failure('two folders are needed: dist/ before and after');
  const lengths = numbers(values.tokens);
  const rows = [['dtype', 'speedup', ...lengths.map((tokens) => `${tokens} tokens`)]];
  for (const dtype of values.dtypes.split(',')) {
    const builds = [];
    for (const dist of positionals) builds.push(await load(dist, values.model, dtype));
    for (const speedup of numbers(values.speedups)) {
      const cells = [];
      for (const tokens of lengths) {
        const [before, after] = await cell(builds, textOf(tokens), speedup, Number(values.seconds));
        cells.push(`${(before / after).toFixed(2)} (${after.toFixed(1)} ms)`);
      }
      rows.push([dtype, String(speedup), ...cells]);
    }
    for (const classify of builds) await classify.dispose();
  }
  console.log(table(rows));
  return 0;
});
