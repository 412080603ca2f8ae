// pipeline('text-ranking'): what sentence-transformers' CrossEncoder.rank gives (tests/parity/tasks/make_goldens.py), at speedups
// what the reference gives; the folder says what makes scores.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { pipeline } from 'latformer';
import { binaries } from '../support/binaries.mjs';
import { latformer } from '../support/cli.mjs';
import { tinyModel } from '../support/tiny_model.mjs';

const at = (path) => fileURLToPath(new URL(`../../parity/${path}`, import.meta.url));
const goldensOf = (name) => JSON.parse(readFileSync(at(`tasks/goldens/${name}.json`), 'utf8'));
const folder = at('tasks/models/ranker');
const { cases } = goldensOf('ranker');
const [{ query, documents, ranked }] = cases;

function assertRanked(answer, expected) {
  assert.deepEqual(
    answer.map(({ corpus_id }) => corpus_id),
    expected.map(({ corpus_id }) => corpus_id),
  );
  answer.forEach(({ score }, i) => assert.ok(Math.abs(score - expected[i].score) < 1e-4, `${i}: ${score}`));
}

for (const [name, scoring] of [
  ['ranker', 'none'],
  ['ranker-sigmoid', 'sigmoid'],
]) {
  for (const options of binaries) {
    test(`${name} as sentence-transformers, by ${options.kernels} on ${options.threads}`, async () => {
      const { model, cases } = goldensOf(name);
      const rank = await pipeline('text-ranking', at(`../../${model}`), { ...options, dtype: 'fp32' });
      assert.equal(rank.info.function_to_apply, scoring);
      for (const { query, documents, ranked, runs } of cases) {
        const answer = await rank(query, documents, { return_documents: true });
        assertRanked(answer, ranked);
        for (const { corpus_id, text } of answer) assert.equal(text, documents[corpus_id]);
        assert.deepEqual(
          await rank(query, documents, { top_k: 2 }),
          answer.slice(0, 2).map(({ corpus_id, score }) => ({ corpus_id, score })),
        );
        for (const { speedup, scores } of runs) {
          for (const { corpus_id, score, stats } of await rank(query, documents, { speedup, stats: true })) {
            if (scores[corpus_id] !== null) assert.ok(Math.abs(score - scores[corpus_id]) < 1e-4, `${score}`);
            assert.equal(stats.requested_speedup, speedup);
          }
        }
      }
      await rank.dispose();
    });
  }
}

test('workers, a pool, CommonJS, speeds, cancelling', async () => {
  const { pipeline: required } = createRequire(import.meta.url)('latformer');
  for (const [create, options] of [
    [pipeline, { worker: true }],
    [pipeline, { workers: 2 }],
    [required, { worker: false }],
  ]) {
    const rank = await create('text-ranking', folder, options);
    assertRanked(await rank(query, documents), ranked);
    assertRanked(await rank(query, documents, { latency_budget: 1e5 }), ranked);
    const many = Array.from({ length: 300 }, (_, i) => documents[i % documents.length]);
    assert.equal((await rank(query, many)).length, 300);
    await rank.dispose();
    await assert.rejects(rank(query, documents), { code: 'disposed' });
  }
  const rank = await pipeline('text-ranking', folder, { worker: false });
  assert.deepEqual(await rank(query, []), []);
  assert.equal((await rank('', [''])).length, 1);
  const [first, second] = await rank(query, ['good', 'good']); // equal ones stay in their order
  assert.deepEqual([first.corpus_id, second.corpus_id, first.score], [0, 1, second.score]);
  const sigmoid = await rank(query, documents, { function_to_apply: 'sigmoid' });
  assert.ok(Math.abs(sigmoid[0].score - 1 / (1 + Math.exp(-ranked[0].score))) < 1e-4);
  rank.setSpeedup(2);
  assert.equal((await rank(query, documents, { stats: true }))[0].stats.requested_speedup, 2);
  await assert.rejects(rank(query, documents, { signal: AbortSignal.abort() }), { name: 'AbortError' });
  await rank.dispose();
});

test('a latency budget is for the whole list', async () => {
  const rank = await pipeline('text-ranking', folder, { worker: false });
  await rank.calibrate();
  const long = Array.from({ length: 40 }, (_, i) => `${documents[1]} ${i}`);
  const inFull = await rank(query, long, { stats: true, latency_budget: 1e5 });
  const predicted = inFull[0].stats.predicted_milliseconds;
  for (const { stats } of inFull) {
    assert.equal(stats.predicted_milliseconds, predicted); // of all together
    assert.equal(stats.achieved_speedup, 1);
    assert.equal(stats.within_budget, true);
  }
  const latency_budget = predicted * 0.7; // each of them alone would fit many times
  const hurried = await rank(query, long, { stats: true, latency_budget });
  for (const { stats } of hurried) {
    assert.ok(stats.achieved_speedup > 1.1, `${stats.achieved_speedup}`);
    assert.equal(stats.latency_budget, latency_budget);
  }
  await rank.dispose();
});

test('what the folder says of scores', async () => {
  const of = async (config, sentences) => {
    const files = tinyModel({ labels: ['LABEL_0'], config });
    if (sentences) files['config_sentence_transformers.json'] = new TextEncoder().encode(JSON.stringify(sentences));
    const rank = await pipeline('text-ranking', { files }, { worker: false });
    await rank.dispose();
    return rank.info.function_to_apply;
  };
  const identity = 'torch.nn.modules.linear.Identity';
  assert.equal(await of({}), 'sigmoid');
  assert.equal(await of({ sbert_ce_default_activation_function: identity }), 'none');
  assert.equal(await of({ sentence_transformers: { activation_fn: identity, version: '4.0.1' } }), 'none');
  assert.equal(
    await of({ sentence_transformers: { activation_fn: identity } }, { activation_fn: 'torch.nn.Sigmoid' }),
    'sigmoid',
  );
  assert.equal(await of({ sbert_ce_default_activation_function: 'my.code.Identity' }), 'sigmoid');
  await assert.rejects(of({ sbert_ce_default_activation_function: 'torch.nn.modules.activation.Tanh' }), {
    code: 'unsupported_model',
    message: /config\.json: the activation is torch\.nn\.modules\.activation\.Tanh/,
  });
});

test('bad input, other models', async () => {
  const rank = await pipeline('text-ranking', folder, { worker: false });
  for (const [given, message] of [
    [[1, documents], /the query must be a string, not 1/],
    [[query, 'a document'], /documents must be an array of strings, not "a document"/],
    [[query], /documents must be an array/],
    [[query, [1]], /document 0 must be a string/],
    [[query, documents, { top_k: 'all' }], /top_k must be a number/],
    [[query, documents, { function_to_apply: 'softmax' }], /function_to_apply must be 'sigmoid' or 'none'/],
    [[query, documents, { return_documents: 1 }], /return_documents must be true or false/],
    [[query, documents, { long_text: 'windows' }], /unknown name "long_text"/],
    [[1, []], /the query must be a string/],
  ]) {
    await assert.rejects(rank(...given), (error) => error instanceof TypeError && message.test(error.message));
  }
  await assert.rejects(rank(query, documents, { top_k: -1 }), RangeError);
  await rank.dispose();
  await assert.rejects(pipeline('text-ranking', at('tasks/models/nli')), {
    code: 'unsupported_model',
    message: 'text-ranking needs a model with one label; this one has 3 (contradiction, neutral, ENTAILMENT)',
  });
  await assert.rejects(pipeline('text-ranking'), /text-ranking needs a model/);
});

test('latformer inspect', async () => {
  const { code, stdout, stderr } = await latformer(['inspect', folder]);
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /task +text-ranking/);
  assert.match(stdout, /scores by +none/);
  assert.match(stdout, /It loads\./);
});
