// How far scores are from each other that the same model gives natively, by relaxed SIMD and without it.
//
//   node bench/differences.mjs FILE.tsv [--model DIR] [--dtype q8] [--speedup 1] [--limit N]
//
// FILE: with a column `sentence`, such as SST-2's dev set. DIR: a folder of a classifier; by default the bundled model. A Node
// before 22 has no relaxed SIMD that can be used.
import { parseArgs } from 'node:util';
import { build, buildAddon } from '../scripts/build.mjs';
import { addonOf, ownPlatform } from '../scripts/support/platforms.mjs';
import { Failure, main } from '../scripts/support/steps.mjs';
import { rowsOf } from './support/rows.mjs';
import { table } from './support/table.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string' },
    dtype: { type: 'string', default: 'q8' },
    speedup: { type: 'string', default: '1' },
    limit: { type: 'string', default: 'Infinity' },
  },
});

/** Scores of each text, in the order of the labels. */
async function scoresOf(texts, how) {
  const { pipeline } = await import('../dist/node.mjs');
  const classify = await pipeline('text-classification', options.model, { dtype: options.dtype, ...how });
  const labels = Object.values(classify.info.labels);
  const scores = [];
  for (const text of texts) {
    const answer = await classify(text, { top_k: null, speedup: Number(options.speedup) });
    scores.push(labels.map((label) => answer.find((each) => each.label === label).score));
  }
  await classify.dispose();
  return { kernels: classify.info.kernels, scores };
}

const best = (scores) => scores.indexOf(Math.max(...scores));

function difference(name, one, other) {
  const gaps = one.scores.map((scores, i) =>
    Math.max(...scores.map((score, k) => Math.abs(score - other.scores[i][k]))),
  );
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const others = one.scores.filter((scores, i) => best(scores) !== best(other.scores[i])).length;
  const same = gaps.filter((gap) => gap === 0).length;
  return [name, Math.max(...gaps).toExponential(1), mean.toExponential(1), String(same), String(others)];
}

async function differences() {
  if (positionals.length !== 1) throw new Failure('give one file of texts');
  await build();
  await buildAddon();
  process.env.LATFORMER_ADDON ??= addonOf(ownPlatform) ?? '';
  const texts = rowsOf(positionals[0], ['sentence'], Number(options.limit)).map(({ sentence }) => sentence);
  const native = await scoresOf(texts, { device: 'native' });
  const base = await scoresOf(texts, { device: 'wasm', kernels: 'base' });
  const rows = [['', 'greatest', 'mean', 'the same bits', 'another label'], difference('native, base', native, base)];
  if (Number.parseInt(process.versions.node) >= 22) {
    const relaxed = await scoresOf(texts, { device: 'wasm', kernels: 'relaxed' });
    rows.push(difference('native, relaxed', native, relaxed), difference('relaxed, base', relaxed, base));
  }
  console.log(`${texts.length} texts, ${options.dtype}, speedup ${options.speedup}; native: ${native.kernels}\n`);
  console.log(table(rows));
}

await main(differences);
