// pipeline('feature-extraction'): what sentence-transformers gives (tests/parity/embeddings/make_goldens.py), at speedups
// what the reference gives; folders of sentence-transformers decide what a call leaves open.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { pipeline } from 'latformer';
import { binaries } from '../support/binaries.mjs';

const at = (path) => fileURLToPath(new URL(`../../parity/embeddings/${path}`, import.meta.url));
const folderOf = (name) => at(`models/${name}`);
const casesOf = (name) => JSON.parse(readFileSync(at(`goldens/${name}.json`), 'utf8')).cases;

function assertClose(actual, expected, what) {
  assert.equal(actual.length, expected.length, what);
  expected.forEach((value, k) => assert.ok(Math.abs(actual[k] - value) < 1e-4, `${what}: ${k}: ${actual[k]} ${value}`));
}

for (const name of ['mean', 'cls', 'dense']) {
  for (const options of binaries) {
    test(`${name} as sentence-transformers, by ${options.kernels} on ${options.threads}`, async () => {
      const embed = await pipeline('feature-extraction', folderOf(name), { ...options, dtype: 'fp32' });
      for (const { text, prompt_name, runs } of casesOf(name)) {
        for (const { speedup, counts, values } of runs) {
          const asked = { speedup, stats: true, ...(prompt_name === undefined ? {} : { prompt_name }) };
          const { dims, data, stats } = await embed(text, asked);
          assert.deepEqual(dims, [1, values.length]);
          assertClose(data, values, `${text} at ${speedup}`);
          assert.deepEqual(stats[0].tokens_per_layer, counts);
        }
      }
      await embed.dispose();
    });
  }
}

test('many texts, poolings, a worker, a pool, speedups, cancelling', async () => {
  const texts = casesOf('mean').map(({ text }) => text);
  const embed = await pipeline('feature-extraction', folderOf('mean'), { worker: false });
  const together = await embed(texts);
  const rows = together.tolist();
  assert.deepEqual(together.dims, [texts.length, embed.info.dimensions]);
  for (const [i, text] of texts.entries()) assertClose((await embed(text)).data, rows[i], text);

  const all = await embed('good', { pooling: 'none', normalize: false });
  const tokens = all.tolist()[0];
  assert.deepEqual(all.dims, [1, tokens.length, embed.info.hidden_size]);
  const cls = await embed('good', { pooling: 'cls', normalize: false });
  assertClose(cls.data, tokens[0], 'cls');
  const mean = await embed('good', { pooling: 'mean', normalize: false });
  assertClose(
    mean.data,
    tokens[0].map((_, k) => tokens.reduce((sum, row) => sum + row[k], 0) / tokens.length),
    'mean',
  );
  const unit = (await embed('good', { pooling: 'mean', normalize: true })).data;
  assert.ok(Math.abs(Math.hypot(...unit) - 1) < 1e-5);

  await assert.rejects(embed('good', { pooling: 'none', speedup: 2 }), RangeError);
  await assert.rejects(embed('good', { pooling: 'max' }), TypeError);
  await assert.rejects(embed('good', { prompt_name: 'nothing' }), TypeError);
  await assert.rejects(embed(1), TypeError);
  await assert.rejects(embed(texts, { signal: AbortSignal.abort() }), { name: 'AbortError' });
  embed.setSpeedup(1.5);
  assert.equal((await embed('good', { stats: true })).stats[0].requested_speedup, 1.5);
  await embed.dispose();
  await assert.rejects(embed('good'), { code: 'disposed' });

  for (const options of [{ worker: true }, { workers: 2 }]) {
    const other = await pipeline('feature-extraction', folderOf('mean'), options);
    (await other(texts)).tolist().forEach((row, i) => assertClose(row, rows[i], texts[i]));
    await other.dispose();
  }
});
