// pipeline('zero-shot-classification'): what transformers gives (tests/parity/tasks/make_goldens.py).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { pipeline } from 'latformer';
import { binaries } from '../support/binaries.mjs';
import { tinyModel } from '../support/tiny_model.mjs';

const at = (path) => fileURLToPath(new URL(`../../parity/tasks/${path}`, import.meta.url));
const casesOf = (name) => JSON.parse(readFileSync(at(`goldens/${name}.json`), 'utf8')).cases;
const folder = at('models/nli');

const filesOf = (labels) => {
  const read = (name) => readFileSync(`${folder}/${name}`);
  const names = ['tokenizer.json', 'tokenizer_config.json', 'model.safetensors', 'profile.json'];
  const files = Object.fromEntries(names.map((name) => [name, read(name)]));
  const config = JSON.parse(read('config.json').toString());
  config.id2label = Object.fromEntries(labels.map((label, id) => [id, label]));
  config.label2id = Object.fromEntries(labels.map((label, id) => [label, id]));
  return { files: { ...files, 'config.json': Buffer.from(JSON.stringify(config)) } };
};

function assertAnswer(answer, expected) {
  const scoreOf = ({ labels, scores }) => Object.fromEntries(labels.map((label, i) => [label, scores[i]]));
  assert.equal(answer.sequence, expected.sequence);
  assert.deepEqual(answer.labels, expected.labels);
  for (const [label, score] of Object.entries(scoreOf(expected))) {
    assert.ok(Math.abs(scoreOf(answer)[label] - score) < 1e-4, `${label}: ${scoreOf(answer)[label]}, not ${score}`);
  }
}

for (const options of binaries) {
  test(`as transformers, by ${options.kernels} on ${options.threads}`, async () => {
    const classify = await pipeline('zero-shot-classification', folder, { ...options, dtype: 'fp32' });
    assert.equal(classify.info.entailment_id, 2);
    for (const { text, candidates, options, answer } of casesOf('nli')) {
      assertAnswer(await classify(text, candidates, options), answer);
    }
    await classify.dispose();

    const [{ labels }] = casesOf('nli-entailment-first');
    const other = await pipeline('zero-shot-classification', filesOf(labels), { ...options, dtype: 'fp32' });
    assert.equal(other.info.entailment_id, 0);
    for (const { text, candidates, options, answer } of casesOf('nli-entailment-first')) {
      assertAnswer(await other(text, candidates, options), answer);
    }
    await other.dispose();
  });
}

test('many texts, commas, a worker, a pool, speeds, a budget, cancelling', async () => {
  const [{ text, candidates, answer }] = casesOf('nli');
  for (const options of [{ worker: false }, { worker: true }, { workers: 2 }]) {
    const classify = await pipeline('zero-shot-classification', folder, options);
    const answers = await classify([text, 'good', text], candidates);
    assert.equal(answers.length, 3);
    for (const each of [answers[0], answers[2]]) assertAnswer(each, answer);
    assert.deepEqual(await classify([], candidates), []);
    assert.deepEqual((await classify(text, ' good , ,bad')).labels.sort(), ['bad', 'good']);
    const { stats } = await classify(text, candidates, { stats: true, speedup: 2 });
    assert.deepEqual(
      stats.map((each) => each.requested_speedup),
      candidates.map(() => 2),
    );
    assertAnswer(await classify(text, candidates, { latency_budget: 1e5 }), answer);
    await assert.rejects(classify(text, candidates, { signal: AbortSignal.abort() }), { name: 'AbortError' });
    const strange = await classify(text, ['$&', '{}']); // stand in the template as they are
    assert.equal(strange.labels.length, 2);
    await classify.dispose();
  }
});

test('bad input, models of other kinds', async () => {
  const classify = await pipeline('zero-shot-classification', folder, { worker: false });
  for (const [given, message] of [
    [[1, ['good']], /the text must be a string, not 1/],
    [['a text'], /candidate_labels must be a string/],
    [['a text', [1]], /candidate label 0 must be a string/],
    [['a text', 'good', { multi_label: 'yes' }], /multi_label must be true or false/],
    [['a text', 'good', { hypothesis_template: 1 }], /hypothesis_template must be a string/],
    [['a text', 'good', { top_k: 1 }], /unknown name "top_k"/],
  ]) {
    await assert.rejects(classify(...given), (error) => error instanceof TypeError && message.test(error.message));
  }
  for (const [candidates, options, message] of [
    [[], {}, /candidate_labels must name a label/],
    [' , ', {}, /candidate_labels must name a label/],
    ['good', { hypothesis_template: 'This is it.' }, /hypothesis_template must have \{\} once/],
    ['good', { hypothesis_template: '{} or {}' }, /hypothesis_template must have \{\} once/],
  ]) {
    await assert.rejects(
      classify('a text', candidates, options),
      (error) => error instanceof RangeError && message.test(error.message),
    );
  }
  await classify.dispose();
  for (const labels of [['NEGATIVE', 'POSITIVE'], ['entailment']]) {
    await assert.rejects(pipeline('zero-shot-classification', { files: tinyModel({ labels }) }), {
      code: 'unsupported_model',
      message: /needs a label 'entailment' among others in config\.json; there are/,
    });
  }
});
