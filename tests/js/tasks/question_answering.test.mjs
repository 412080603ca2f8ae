// pipeline('question-answering'): what transformers 4 gives (tests/parity/tasks/make_goldens.py).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { pipeline } from 'latformer';
import { binaries } from '../support/binaries.mjs';

const at = (path) => fileURLToPath(new URL(`../../parity/tasks/${path}`, import.meta.url));
const casesOf = (name) => JSON.parse(readFileSync(at(`goldens/${name}.json`), 'utf8')).cases;
const folderOf = (name) => at(`models/${name}`);

function assertAnswers(actual, expected, what) {
  const places = (answers) => answers.map(({ answer, start, end }) => ({ answer, start, end }));
  assert.deepEqual(places(actual), places(expected), what);
  actual.forEach(({ score }, i) => {
    assert.ok(Math.abs(score - expected[i].score) < 1e-5, `${what}: ${score}, not ${expected[i].score}`);
  });
}

for (const name of ['question', 'question-distilbert', 'question-roberta']) {
  for (const options of binaries) {
    test(`${name} as transformers, by ${options.kernels} on ${options.threads}`, async () => {
      const answer = await pipeline('question-answering', folderOf(name), { ...options, dtype: 'fp32' });
      for (const { question, context, options, answers } of casesOf(name)) {
        const found = await answer({ question, context }, options);
        const list = Array.isArray(found) ? found : [found];
        assertAnswers(list, answers, `${question} ${JSON.stringify(options)}`);
        for (const { answer: text, start, end } of list) assert.equal(context.slice(start, end), text);
      }
      await answer.dispose();
    });
  }
}

test('arrays, as in transformers.js, workers, a pool, speeds, cancelling', async () => {
  const cases = casesOf('question').filter(({ options }) => Object.keys(options).length === 0);
  for (const options of [{ worker: false }, { worker: true }, { workers: 2 }]) {
    const answer = await pipeline('question-answering', folderOf('question'), options);
    const together = await answer(cases.map(({ question, context }) => ({ question, context })));
    cases.forEach(({ question, answers }, i) => assertAnswers([together[i]], answers, question));
    const [{ question, context, answers }] = cases;
    assertAnswers([await answer(question, context)], answers, question);
    assert.equal((await answer(question, context, { top_k: 2 })).length, 2);
    const { stats } = await answer({ question, context }, { speedup: 2, stats: true });
    assert.equal(stats.requested_speedup, 2);
    assert.ok(stats.tokens_per_layer.at(-1) < stats.tokens_per_layer[0]);
    const timed = await answer({ question, context }, { latency_budget: 1e5, stats: true });
    assert.equal(timed.stats.within_budget, true);
    await assert.rejects(answer(question, context, { signal: AbortSignal.abort() }), { name: 'AbortError' });
    await answer.dispose();
  }
});

test('bad input, other models', async () => {
  const answer = await pipeline('question-answering', folderOf('question'), { worker: false });
  const good = { question: 'who?', context: 'a film' };
  for (const [given, message] of [
    [[], /the input must be \{ question, context \}, not undefined/],
    [['who?'], /context of the input must be a string, not undefined/],
    [[{ question: 'who?' }], /context of the input must be a string/],
    [[{ ...good, answer: '' }], /unknown name "answer"/],
    [[[good, 1]], /input 1 must be \{ question, context \}, not 1/],
    [[good, { top_k: 'all' }], /top_k must be a number/],
    [[good, { align_to_words: 1 }], /align_to_words must be true or false/],
    [[good, { long_text: 'windows' }], /unknown name "long_text"/],
  ]) {
    await assert.rejects(answer(...given), (error) => error instanceof TypeError && message.test(error.message));
  }
  for (const [given, message] of [
    [[{ ...good, question: '' }], /question of the input is empty/],
    [[{ ...good, context: ' \n' }], /context of the input is empty/],
    [[good, { top_k: 0 }], /top_k must be a whole number of at least 1/],
    [[good, { max_answer_len: 0 }], /max_answer_len must be a whole number of at least 1/],
    [[good, { doc_stride: 64 }], /doc_stride must be below max_seq_len \(64\)/],
  ]) {
    await assert.rejects(answer(...given), (error) => error instanceof RangeError && message.test(error.message));
  }
  await assert.rejects(answer({ ...good, question: 'who is it '.repeat(30) }), {
    code: 'invalid_argument',
    message: /windows of 64 tokens, special ones and \d+ of the first text included, cannot share 32/,
  });
  assert.equal(typeof (await answer(good)).answer, 'string'); // it works on
  await answer.dispose();
  await assert.rejects(pipeline('question-answering', folderOf('tokens')), {
    code: 'unsupported_model',
    message: /architectures\[0\] has a head for another task: "token-classification"/,
  });
});
