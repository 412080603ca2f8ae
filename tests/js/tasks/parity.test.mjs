// The goldens of tests/parity, through WebAssembly and the whole of the package, by each binary that runs here: counts, kept
// positions, achieved speedup and scores, in batches of unequal texts. Their format is documented in tests/parity/make_goldens.py.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { pipeline } from 'latformer';
import { binaries } from '../support/binaries.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const goldens = join(root, 'tests', 'parity', 'goldens');

const TOLERANCE = 1e-4;
const LARGE = 100; // cases; of a model with more than these every tenth is taken

/** survived[i], in base 36, is the number of layers that kept token i. */
const keptPositions = (survived, layers) =>
  Array.from({ length: layers }, (_, layer) =>
    [...survived].flatMap((digit, position) => (parseInt(digit, 36) > layer ? [position] : [])),
  );

function assertClose(actual, expected, what) {
  assert.ok(Math.abs(actual - expected) <= TOLERANCE, `${what} is ${actual}, not ${expected}`);
}

function assertRun(labels, actual, expected, run, what) {
  const { stats } = actual[0];
  assert.equal(stats.tokens, expected.ids.length, `${what}: tokens`);
  assert.equal(stats.truncated, expected.truncated ?? false, `${what}: truncated`);
  assert.deepEqual(stats.tokens_per_layer, run.counts, `${what}: counts`);
  assert.equal(stats.macs, run.macs, `${what}: MACs`);
  assert.ok(Math.abs(stats.achieved_speedup / run.achieved - 1) <= 1e-9, `${what}: achieved speedup`);
  assert.deepEqual(stats.kept, keptPositions(run.survived, run.counts.length), `${what}: kept positions`);
  assert.equal(actual.length, labels.length, `${what}: labels`);
  for (const { label, score } of actual) assertClose(score, run.scores[labels.indexOf(label)], `${what}: ${label}`);
}

for (const [file, options] of readdirSync(goldens)
  .sort()
  .flatMap((file) => binaries.map((options) => [file, options]))) {
  test(`parity of ${file.replace('.json', '')} by ${options.kernels} on ${options.threads}`, async () => {
    const golden = JSON.parse(readFileSync(join(goldens, file), 'utf8'));
    const cases = golden.cases.filter((_, index) => golden.cases.length <= LARGE || index % 10 === 0);
    // The goldens are f32; int8 is held against them natively (tests/parity).
    const classify = await pipeline('text-classification', join(root, golden.model), { ...options, dtype: 'fp32' });
    assert.equal(classify.info.threads, options.threads);
    try {
      assert.equal(classify.maxSpeedup, golden.max_speedup);
      for (const speedup of golden.speedups) {
        const chosen = cases.flatMap((one) =>
          one.runs.filter((run) => run.speedup === speedup).map((run) => [one, run]),
        );
        const inputs = chosen.map(([{ text, pair }]) => (pair === undefined ? text : { text, text_pair: pair }));
        const answers = await classify(inputs, { speedup, stats: true, top_k: null });
        assert.equal(answers.length, inputs.length);
        chosen.forEach(([one, run], index) => {
          const what = `${JSON.stringify(one.text.slice(0, 40))} at speedup ${speedup}`;
          assertRun(classify.info.labels, answers[index], one, run, what);
        });
      }
    } finally {
      await classify.dispose();
    }
  });
}
