// latformer embed: what the API says of texts, a line each; and latformer rank.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { pipeline } from 'latformer';
import { latformer, parseLines, scratch } from '../support/cli.mjs';

const { write, writeModel } = await scratch();
const at = (path) => fileURLToPath(new URL(`../../parity/${path}`, import.meta.url));

async function fails(args, input, code, message) {
  const result = await latformer(args, input);
  assert.match(result.stderr, message);
  assert.equal(result.code, code);
  assert.doesNotMatch(result.stderr, /\n\s+at /, 'no stack trace');
}

async function lines(args, input = '') {
  const { code, stdout, stderr } = await latformer(args, input);
  assert.equal(stderr, '');
  assert.equal(code, 0);
  return parseLines(stdout);
}

test('embed: poolings, prompts, speeds, inputs', async () => {
  const model = at('embeddings/models/mean');
  const embed = ['embed', '--model', model];
  const api = await pipeline('feature-extraction', model);
  const texts = ['a good film', '', 'dull, and far too long for what it has to tell'];
  const close = (actual, expected) => {
    assert.equal(actual.length, expected.length);
    actual.forEach((value, k) => assert.ok(Math.abs(value - expected[k]) < 1e-5, `${k}: ${value} ${expected[k]}`));
  };
  const holds = async (args, input, expected, options) => {
    const answers = await lines([...embed, ...args], input);
    assert.deepEqual(
      answers.map(({ text }) => text),
      expected,
    );
    for (const { text, embedding } of answers) close(embedding, (await api(text, options)).tolist()[0]);
    return answers;
  };

  await holds([], `${texts.join('\n')}\n`, texts, {});
  await holds(['--text', texts[0], '--text', texts[2], '--batch', '1'], '', [texts[0], texts[2]], {});
  await holds(['--pooling', 'cls', '--no-normalize'], texts[0], [texts[0]], { pooling: 'cls', normalize: false });
  await holds(['--normalize', '--pooling', 'mean'], texts[0], [texts[0]], { pooling: 'mean', normalize: true });
  await holds(['--speedup', '1.5', '--workers', '2'], texts[2], [texts[2]], { speedup: 1.5 });
  await holds([await write('texts.tsv', `id\ttext\n1\t${texts[0]}\n`)], '', [texts[0]], {});
  await holds(['--no-prompt'], texts[0], [texts[0]], { prompt_name: null });
  const [{ stats }] = await holds(['--stats', '--latency-budget', '1000'], texts[0], [texts[0]], {});
  assert.equal(stats.tokens_per_layer.length, api.info.num_hidden_layers);

  const tokens = await lines([...embed, '--pooling', 'none'], 'good\na good film\n');
  for (const { text, embedding } of tokens) {
    const expected = (await api(text, { pooling: 'none' })).tolist()[0];
    assert.equal(embedding.length, expected.length);
    embedding.forEach((row, i) => close(row, expected[i]));
  }

  const names = Object.keys(api.info.prompts);
  if (names.length > 0) await holds(['--prompt', names[0]], texts[0], [texts[0]], { prompt_name: names[0] });
  await fails(['embed'], 'x', 2, /--model is needed/);
  await fails([...embed, '--pooling', 'max'], 'x', 2, /--pooling must be mean or cls or none/);
  await fails([...embed, '--prompt', 'nothing'], 'x', 2, /--prompt must be /);
  await fails([...embed, '--normalize', '--no-normalize'], 'x', 2, /exclude each other/);
  await fails([...embed, '--prompt', 'a', '--no-prompt'], 'x', 2, /exclude each other/);
  await fails([...embed, '--speedup', '99'], 'x', 2, /more than this model's maximum/);
  await fails([...embed, '--pooling', 'none', '--speedup', '1.5'], 'x', 2, /choose a --pooling/);
  await fails([...embed, '--pooling', 'none', '--long-text', 'windows'], 'x', 2, /choose a --pooling/);
  await fails([...embed, '--batch', '0'], 'x', 2, /--batch/);
  await fails([...embed, 'nowhere.txt'], '', 1, /nowhere\.txt/);
  await api.dispose();
});

test('rank: documents of files, of standard input, of --text', async () => {
  const model = at('tasks/models/ranker');
  const query = 'a good film';
  const documents = ['dull', 'a joy from start to finish', 'not a good film', 'the film'];
  const api = await pipeline('text-ranking', model);
  const rank = ['rank', '--model', model, '--query', query];
  const expected = await api(query, documents, { return_documents: true });
  const input = `${documents.join('\n')}\n`;

  assert.deepEqual(await lines(rank, input), expected);
  assert.deepEqual(await lines([...rank, '--top-k', '2'], input), expected.slice(0, 2));
  assert.deepEqual(await lines([...rank, ...documents.flatMap((text) => ['--text', text])]), expected);
  const csv = await write('documents.csv', `title,body\n${documents.map((text, i) => `${i},${text}\n`).join('')}`);
  assert.deepEqual(await lines([...rank, '--column', 'body', csv]), expected);
  const fast = await lines([...rank, '--speedup', '1.5', '--stats'], input);
  const asked = await api(query, documents, { return_documents: true, speedup: 1.5 });
  assert.deepEqual(
    fast.map(({ corpus_id, score, text }) => ({ corpus_id, score, text })),
    asked,
  );
  assert.equal(fast[0].stats.requested_speedup, 1.5);
  assert.equal((await lines([...rank, '--latency-budget', '1000'], input)).length, documents.length);
  assert.deepEqual(await lines(rank, ''), []);

  const table = await latformer([...rank, '--format', 'table'], input);
  assert.match(table.stdout, /^ *SCORE {2}DOCUMENT {2}TEXT\n/);
  assert.equal(table.stdout.trimEnd().split('\n').length, documents.length + 1);
  assert.ok(table.stdout.trimEnd().endsWith(expected.at(-1).text));

  await fails(['rank', '--query', 'x'], 'x', 2, /--model is needed/);
  await fails(['rank', '--model', model], 'x', 2, /--query is needed/);
  await fails([...rank, '--top-k', '0'], 'x', 2, /--top-k/);
  await fails([...rank, '--speedup', '99'], 'x', 2, /more than this model's maximum/);
  await fails(['rank', '--model', await writeModel('classes'), '--query', 'x'], 'x', 1, /label/);
  await api.dispose();
});
