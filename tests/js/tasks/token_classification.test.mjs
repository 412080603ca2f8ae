// pipeline('token-classification'): what transformers gives (tests/parity/tasks/make_goldens.py), at speedups what the
// reference gives of the last state of each token.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { pipeline } from 'latformer';
import { binaries } from '../support/binaries.mjs';
import { latformer } from '../support/cli.mjs';

const at = (path) => fileURLToPath(new URL(`../../parity/tasks/${path}`, import.meta.url));
const goldensOf = (name) => JSON.parse(readFileSync(at(`goldens/${name}.json`), 'utf8'));
const folderOf = (name) => at(`models/${name}`);

function assertFound(actual, expected, what) {
  // transformers puts the texts of words together for a group, which damages characters whose bytes are in two of them, and
  // loses blanks where a tokenizer has them at the beginnings of words; here a group is decoded as a whole.
  const isDamaged = (i) => expected[i]?.word.includes('\ufffd') === true;
  const wordOf = ({ word }, i) => (isDamaged(i) ? '' : word.replaceAll(' ', ''));
  const places = (found) => found.map((each, i) => ({ ...each, score: 0, word: wordOf(each, i) }));
  if (/^(none|simple)/.test(what)) {
    const words = (found) => found.map(({ word }) => word);
    assert.deepEqual(words(actual), words(expected), what);
  }
  assert.deepEqual(places(actual), places(expected), what);
  actual.forEach(({ score }, i) => assert.ok(Math.abs(score - expected[i].score) < 1e-4, `${what}: ${score}`));
}

for (const name of ['tokens', 'tokens-distilbert', 'tokens-roberta', 'tokens-xlm-roberta', 'tokens-electra']) {
  for (const options of binaries) {
    test(`${name} as transformers, by ${options.kernels} on ${options.threads}`, async () => {
      const find = await pipeline('token-classification', folderOf(name), { ...options, dtype: 'fp32' });
      for (const { text, options, found, runs } of goldensOf(name).cases) {
        for (const [aggregation_strategy, expected] of Object.entries(found)) {
          const actual = await find(text, { aggregation_strategy, ...options });
          assertFound(actual, expected, `${aggregation_strategy}: ${text}`);
        }
        for (const { speedup, counts, labels, scores } of runs) {
          const actual = await find(text, { speedup, ignore_labels: [], stats: true });
          const what = `${text} at ${speedup}`;
          assert.deepEqual(
            actual.map(({ entity }) => entity),
            labels,
            what,
          );
          actual.forEach(({ score }, i) => assert.ok(Math.abs(score - scores[i]) < 1e-4, `${what}: ${score}`));
          if (actual.length > 0) assert.deepEqual(actual[0].stats.tokens_per_layer, counts);
        }
      }
      await find.dispose();
    });
  }
}

test('ner, arrays, windows, workers, a pool, cancelling', async () => {
  const texts = goldensOf('tokens').cases.map(({ text }) => text);
  const find = await pipeline('ner', folderOf('tokens'), { worker: false });
  assert.equal(find.task, 'ner');
  const apart = [];
  for (const text of texts) apart.push(await find(text, { aggregation_strategy: 'average' }));
  for (const options of [{ worker: false }, { worker: true }, { workers: 2 }]) {
    const other = await pipeline('token-classification', folderOf('tokens'), options);
    const together = await other(texts, { aggregation_strategy: 'average' });
    together.forEach((found, i) => assertFound(found, apart[i], texts[i]));
    await other.dispose();
  }
  assert.deepEqual(await find([]), []);

  const long = texts.join(' ');
  const found = await find(long, { long_text: 'windows', aggregation_strategy: 'first', ignore_labels: [] });
  assert.ok(found.at(-1).end > long.length - 20); // all of it was read
  found.forEach(({ start, end }, i) => assert.ok(start < end && (i === 0 || start >= found[i - 1].end)));
  const budget = await find('good', { ignore_labels: [], latency_budget: 1e5, stats: true });
  assert.equal(budget[0].stats.within_budget, true);
  await assert.rejects(find(texts, { signal: AbortSignal.abort() }), { name: 'AbortError' });
  await find.dispose();
  await assert.rejects(find('good'), { code: 'disposed' });
});

test('bad input, other models, latformer inspect', async () => {
  const find = await pipeline('token-classification', folderOf('tokens'), { worker: false });
  for (const [given, message] of [
    [[1], /the text must be a string, not 1/],
    [['good', { aggregation_strategy: 'most' }], /aggregation_strategy must be 'none' or 'simple'/],
    [['good', { ignore_labels: 'O' }], /ignore_labels must be an array of strings/],
    [['good', { ignore_labels: [1] }], /ignored label 0 must be a string/],
    [['good', { long_text: 'windows' }], /needs an aggregation_strategy/],
    [['good', { top_k: 1 }], /unknown name "top_k"/],
  ]) {
    await assert.rejects(find(...given), (error) => error instanceof TypeError && message.test(error.message));
  }
  await find.dispose();
  await assert.rejects(pipeline('token-classification', folderOf('mask')), {
    code: 'unsupported_model',
    message: /classifier\.weight is missing, so this is no model of token classification/,
  });
  await assert.rejects(pipeline('text-classification', folderOf('tokens')), {
    code: 'unsupported_model',
    message: /architectures\[0\] has a head for another task: "token-classification"/,
  });
  for (const [folder, task] of [
    ['tokens', 'token-classification'],
    ['mask-distilbert', 'fill-mask'],
    ['question', 'question-answering'],
  ]) {
    const { code, stdout, stderr } = await latformer(['inspect', folderOf(folder)]);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, new RegExp(`task +${task}`));
    assert.match(stdout, /It loads\./);
  }
});
