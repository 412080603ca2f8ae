// pipeline('fill-mask'): what transformers gives (tests/parity/tasks/make_goldens.py), at speedups what the reference gives
// of the last state of each mask.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { pipeline } from 'latformer';
import { binaries } from '../support/binaries.mjs';

const at = (path) => fileURLToPath(new URL(`../../parity/tasks/${path}`, import.meta.url));
const casesOf = (name) => JSON.parse(readFileSync(at(`goldens/${name}.json`), 'utf8')).cases;
const folderOf = (name) => at(`models/${name}`);

function assertFilled(actual, expected, what) {
  assert.equal(actual.length, expected.length);
  actual.forEach((each, i) => {
    if (Array.isArray(each)) return assertFilled(each, expected[i], what);
    const { score, ...word } = each;
    const { score: theirs, ...others } = expected[i];
    assert.deepEqual(word, others, what);
    assert.ok(Math.abs(score - theirs) < 1e-4, `${what}: ${score}, not ${theirs}`);
  });
}

const masks = { 'mask-roberta': '<mask>', 'mask-mpnet': '<mask>' };

for (const name of ['mask', 'mask-distilbert', 'mask-roberta', 'mask-electra', 'mask-mpnet', 'mask-albert']) {
  for (const options of binaries) {
    test(`${name} as transformers, by ${options.kernels} on ${options.threads}`, async () => {
      const fill = await pipeline('fill-mask', folderOf(name), { ...options, dtype: 'fp32' });
      assert.equal(fill.info.mask_token, masks[name] ?? '[MASK]');
      for (const { text, top_k, filled, runs } of casesOf(name)) {
        assertFilled(await fill(text, { top_k }), filled, text);
        for (const { speedup, counts, tokens, scores } of runs) {
          const answer = await fill(text, { speedup, top_k: 3, stats: true });
          const lists = tokens.length === 1 ? [answer] : answer;
          lists.forEach((list, mask) =>
            list.forEach(({ token, score, stats }, i) => {
              assert.equal(token, tokens[mask][i]);
              assert.ok(Math.abs(score - scores[mask][i]) < 1e-4, `${text} at ${speedup}: ${score}`);
              assert.deepEqual(stats.tokens_per_layer, counts);
            }),
          );
        }
      }
      await fill.dispose();
    });
  }
}

test('arrays, workers, a pool, dtypes, bad input', async () => {
  const texts = casesOf('mask').map(({ text }) => text);
  for (const options of [{ worker: false }, { worker: true }, { workers: 2 }]) {
    const fill = await pipeline('fill-mask', folderOf('mask'), options);
    const together = await fill(texts, { top_k: 2 });
    for (const [i, text] of texts.entries()) assertFilled(together[i], await fill(text, { top_k: 2 }), text);
    assert.equal((await fill('a [MASK].', { top_k: 0 })).length, fill.info.vocab_size);
    assert.equal((await fill('a [MASK].')).length, 5);
    for (const text of ['nothing', '', `${'a '.repeat(100)}[MASK]`]) {
      await assert.rejects(fill(text), { code: 'invalid_argument', message: /a text has no \[MASK\]/ });
    }
    await assert.rejects(fill(1), TypeError);
    await assert.rejects(fill('[MASK]', { top_k: 'all' }), TypeError);
    await assert.rejects(fill('[MASK]', { targets: ['good'] }), /unknown name "targets"/);
    await assert.rejects(fill('[MASK]', { signal: AbortSignal.abort() }), { name: 'AbortError' });
    await fill.dispose();
  }
  for (const dtype of ['q8', 'q4']) {
    const fill = await pipeline('fill-mask', folderOf('mask'), { worker: false, dtype });
    assert.equal((await fill('a [MASK].')).length, 5);
    await fill.dispose();
  }
  await assert.rejects(pipeline('fill-mask', folderOf('tokens')), {
    code: 'unsupported_model',
    message: /cls\.predictions\.transform\.dense\.weight is missing, so this is no masked language model/,
  });
});

test('a head that does not share the word embeddings is refused', async () => {
  const read = (name) => readFileSync(`${folderOf('mask')}/${name}`);
  const names = ['tokenizer.json', 'tokenizer_config.json', 'model.safetensors'];
  const config = JSON.parse(read('config.json').toString());
  const files = Object.fromEntries(names.map((name) => [name, read(name)]));
  files['config.json'] = Buffer.from(JSON.stringify({ ...config, tie_word_embeddings: false }));
  await assert.rejects(pipeline('fill-mask', { files }), { code: 'unsupported_model', message: /tie_word_embeddings/ });
});
