// 'progress_total': the whole is known from its first time on, and the percentage never falls.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { env, loadTokenizer, pipeline } from 'latformer';
import { tinyModel } from '../support/tiny_model.mjs';
import { checkedTotals } from '../support/totals.mjs';

const files = tinyModel();
const sizeOf = (some) => Object.values(some).reduce((sum, { length }) => sum + length, 0);

let folder;
let server;
let base;
let held = {}; // by name: what must have been asked for before the file is given
let isTold; // whether answers have a length
const asked = [];
const waiting = [];
function ask(name) {
  asked.push(name);
  waiting.splice(0).forEach((look) => look());
}
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latformer-progress-'));
  env.cacheDir = folder;
  server = createServer(async (request, response) => {
    const name = request.url.slice(1);
    ask(name);
    while (held[name] && !asked.includes(held[name])) await new Promise((resolve) => waiting.push(resolve));
    const bytes = files[name];
    response.statusCode = bytes ? 200 : 404;
    response.setHeader('etag', '"one"');
    if (!bytes) return response.end();
    if (isTold) response.setHeader('content-length', bytes.length);
    if (request.method === 'HEAD') return response.end();
    for (let at = 0; at < bytes.length; at += 4000) response.write(bytes.subarray(at, at + 4000));
    response.end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  base = `http://127.0.0.1:${server.address().port}`;
});
after(async () => {
  server.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  held = {};
  isTold = true;
  asked.length = 0;
});

/** What was told while it loads. */
async function toldOf(load, model, options) {
  const told = [];
  const progress_callback = (info) => told.push(structuredClone(info));
  await (await load(model, { progress_callback, ...options })).dispose();
  assert.equal(told.at(-1).status, 'ready');
  return told;
}
const classifier = (model, options) => pipeline('text-classification', model, options);

test('over HTTP, and of what is kept', async () => {
  for (const options of [{}, {}, { local_files_only: true }]) {
    const [first] = checkedTotals(await toldOf(classifier, base, options));
    assert.equal(first.total, sizeOf(files));
  }
});

test('the weights are asked for while small files are on their way', async () => {
  env.cache.enabled = false;
  held = { 'vocab.txt': 'model.safetensors', 'profile.json': 'model.safetensors' };
  checkedTotals(await toldOf(classifier, base));
  env.cache.enabled = true;
});

test('what came of them before they are read is not lost to the garbage collector', async () => {
  env.cache.enabled = false;
  held = { 'vocab.txt': 'go on' };
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  const progress_callback = async ({ status, file }) => {
    if (status !== 'download' || file !== 'model.safetensors') return;
    for (let i = 0; i < 10; ++i) await new Promise((resolve) => setTimeout(resolve, 20)).then(() => collect());
    ask('go on');
  };
  await (await classifier(base, { progress_callback })).dispose();
  assert.equal(asked.filter((name) => name === 'model.safetensors').length, 1);
  env.cache.enabled = true;
});

test('where the server does not tell how large a file is, the percentage does not fall either', async () => {
  isTold = false;
  env.cache.enabled = false;
  const told = await toldOf(classifier, base);
  assert.equal(told.find(({ status }) => status === 'download').total, undefined);
  assert.equal(checkedTotals(told, false).at(-1).total, sizeOf(files));
  env.cache.enabled = true;
});

test('of files in memory, of a tokenizer, of a folder with embeddings', async () => {
  checkedTotals(await toldOf(classifier, { files }));
  const [{ total }] = checkedTotals(await toldOf(loadTokenizer, { files }));
  assert.equal(total, sizeOf({ ...files, 'profile.json': '', 'model.safetensors': '' }));
  const merges = fileURLToPath(new URL('../../parity/models/roberta', import.meta.url));
  checkedTotals(await toldOf((...args) => pipeline('feature-extraction', ...args), merges));
});

test('with workers, and natively or not', async () => {
  for (const options of [{ workers: 2 }, { device: 'wasm', workers: 2 }, { device: 'wasm', worker: false }]) {
    checkedTotals(await toldOf(classifier, { files }, options));
  }
});

test('a callback that throws at any step leaves nothing that nobody handles', async () => {
  for (const status of ['initiate', 'download', 'progress', 'progress_total', 'done', 'ready']) {
    const progress_callback = (info) => {
      if (info.status === status) throw new Error('mine');
    };
    await assert.rejects(classifier(base, { progress_callback }), /mine/);
    await assert.rejects(classifier({ files }, { progress_callback }), /mine/);
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
});
