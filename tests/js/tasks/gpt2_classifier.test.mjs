// GPT2ForSequenceClassification through pipeline('text-classification'): what transformers gives (tests/parity/decoders/
// make_goldens.py), at speedups what the reference gives, in every dtype.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { pipeline } from 'latformer';
import { binaries } from '../support/binaries.mjs';
import { latformer } from '../support/cli.mjs';

const at = (path) => fileURLToPath(new URL(`../../parity/${path}`, import.meta.url));
const folder = at('models/gpt2-classifier');
const { cases, labels } = JSON.parse(readFileSync(at('decoders/classifiers/gpt2-classifier.json'), 'utf8'));

const assertScores = (answer, scores, what) => {
  for (const { label, score } of answer) {
    assert.ok(Math.abs(score - scores[labels.indexOf(label)]) < 1e-4, `${what}: ${label} ${score}`);
  }
};

for (const options of binaries) {
  test(`it answers as transformers does, by ${options.kernels} on ${options.threads}`, async () => {
    const classify = await pipeline('text-classification', folder, { ...options, dtype: 'fp32' });
    assert.deepEqual(classify.info.labels, labels);
    assert.equal(classify.info.max_tokens, 64);
    const texts = cases.map(({ text }) => text);
    const answers = await classify(texts, { top_k: null });
    answers.forEach((answer, index) => assertScores(answer, cases[index].scores, texts[index]));
    for (const { text, tokens, runs } of cases) {
      for (const run of runs) {
        const answer = await classify(text, { top_k: null, speedup: run.speedup, stats: true });
        const [{ stats }] = answer;
        assertScores(answer, run.scores, text);
        assert.equal(stats.tokens, tokens);
        assert.deepEqual(stats.tokens_per_layer, run.counts);
        assert.deepEqual(stats.kept, run.kept);
        assert.equal(stats.macs, run.macs);
      }
    }
    await assert.rejects(classify(''), { code: 'invalid_argument', message: /without tokens/ });
    assert.equal((await classify('It was')).length, 1); // it works on
    await classify.dispose();
  });
}

test('8 and 4 bits, a latency budget, the command line', async () => {
  for (const dtype of ['q8', 'q4']) {
    const classify = await pipeline('text-classification', folder, { dtype });
    assert.equal(classify.info.dtype, dtype);
    const [{ label, score }] = await classify(cases[0].text);
    const expected = cases[0].scores[labels.indexOf(label)];
    assert.ok(Math.abs(score - expected) < 0.25, `${dtype}: ${label} ${score}`);
    await classify.setLatencyBudget(1e6);
    assert.equal((await classify(cases[2].text, { stats: true }))[0].stats.within_budget, true);
    await classify.dispose();
  }
  const { code, stdout, stderr } = await latformer(['inspect', folder]);
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /GPT2ForSequenceClassification/);
  assert.match(stdout, /bad, so-so, good/);
  const told = await latformer(['classify', '--model', folder, '--dtype', 'q4', '--text', cases[0].text]);
  assert.equal(told.code, 0, told.stderr);
});
