// Models by name, from a server that answers like the Hugging Face Hub.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { env, pipeline } from 'latformer';
import { startHub } from '../support/hub.mjs';
import { tinyModel } from '../support/tiny_model.mjs';
import { checkedTotals } from '../support/totals.mjs';

const text = 'a joy from start to finish';
const files = tinyModel();
const load = (model, options) => pipeline('text-classification', model, options);

let hub;
let folder;
let expected;
const home = process.cwd();
before(async () => {
  hub = await startHub(files);
  expected = await answer({ files });
});
after(() => hub.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latformer-hub-'));
  process.chdir(folder);
  env.cacheDir = join(folder, 'cache');
  env.remoteHost = hub.url;
  hub.asked.length = 0;
});
afterEach(async () => {
  process.chdir(home);
  await rm(folder, { recursive: true });
});

async function answer(model, options) {
  const classify = await load(model, options);
  const result = await classify(text, { top_k: null });
  await classify.dispose();
  return result;
}

test('a name is a model on the hub, behind redirects to other hosts; safetensors folders as they are', async () => {
  const told = [];
  const classify = await load('user/model', { progress_callback: (info) => told.push(info) });
  assert.deepEqual(await classify(text, { top_k: null }), expected);
  assert.equal(classify.info.source, `${hub.url}user/model/resolve/main/`);
  assert.deepEqual(classify.info.notes, []);
  await classify.dispose();
  assert.equal(told.at(-1).model, 'user/model');
  assert.ok(told.every(({ status, name }) => status === 'ready' || name === 'user/model'));
  assert.deepEqual(await answer('old/model'), expected, 'a model that was renamed');
});

test('progress of all files together, and an end of each that began', async () => {
  const told = [];
  await answer('user/model', { progress_callback: (info) => told.push(structuredClone(info)) });
  const last = checkedTotals(told).at(-1);
  assert.equal(last.files['model.safetensors'].total, files['model.safetensors'].length);
  assert.equal(
    last.total,
    Object.values(files).reduce((sum, { length }) => sum + length, 0),
  );
  const begun = told.filter(({ status }) => status === 'initiate').map(({ file }) => file);
  const ended = told.filter(({ status }) => status === 'done');
  assert.deepEqual(ended.map(({ file }) => file).sort(), begun.sort());
  assert.deepEqual(
    ended.filter(({ absent }) => absent).map(({ file }) => file in files),
    ended.filter(({ absent }) => absent).map(() => false),
  );
});

test('what the hub refuses is told in words', async () => {
  for (const [name, options, message] of [
    ['nobody/none', {}, /there is no model nobody\/none on http:.* that everybody may read; .*give a token.*Bearer/],
    ['private/model', {}, /there is no model private\/model/],
    ['private/model', { headers: { authorization: 'Bearer wrong' } }, /the given headers do not let you read it/],
    ['gated/model', {}, /gated\/model .*is gated: its owner wants you to ask for access/],
    ['busy/model', {}, /asked too often/],
    ['user/model', { revision: 'v9' }, /user\/model .*has no revision 'v9'/],
    ['nobody/none', { headers: { authorization: 'Bearer right' } }, /there is no model nobody\/none/],
  ]) {
    await assert.rejects(load(name, options), { code: 'read_failed', message });
  }
  await assert.rejects(load('user/other'), {
    code: 'bad_model',
    message: /config\.json is missing or empty in user\/other/,
  });
});

test('headers go to the hub and not to where it redirects', async () => {
  assert.deepEqual(await answer('private/model', { headers: { Authorization: 'Bearer right' } }), expected);
  const headers = new Headers({ authorization: 'Bearer right' });
  assert.deepEqual(await answer('private/model', { headers, worker: true }), expected);
});

test('a fetch of one’s own', async () => {
  const urls = [];
  const own = (url, init) => {
    urls.push(String(url));
    return fetch(url, init);
  };
  assert.deepEqual(await answer('user/model', { fetch: own }), expected);
  assert.ok(urls.includes(`${hub.url}user/model/resolve/main/config.json`));
  urls.length = 0;
  env.cache.enabled = false;
  env.fetch = own;
  assert.deepEqual(await answer(new URL('user/model/resolve/main', hub.url)), expected);
  env.fetch = null;
  env.cache.enabled = true;
  assert.ok(urls.length > 3);
});

test('another host and template, and revisions that are commits', async () => {
  env.remotePathTemplate = 'x/../{model}/resolve/{revision}';
  assert.deepEqual(await answer('user/model', { revision: 'a'.repeat(40) }), expected);
  env.remotePathTemplate = '{model}/resolve/{revision}/';
  env.remoteHost = 'no host';
  await assert.rejects(load('user/model'), { name: 'TypeError', message: /env\.remoteHost is no URL/ });
});

describe('a folder of that name comes first', () => {
  test('in the working directory, or in env.localModelPath', async () => {
    for (const path of ['user/model', 'models/user/model']) {
      await mkdir(join(folder, path), { recursive: true });
      for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, path, name), bytes);
      const classify = await load('user/model', {});
      assert.deepEqual(await classify(text, { top_k: null }), expected);
      assert.equal(classify.info.source, join(process.cwd(), path));
      await classify.dispose();
      await rm(join(folder, 'user'), { recursive: true, force: true });
      env.localModelPath = 'models';
    }
    env.localModelPath = '';
    assert.deepEqual(hub.asked, []);
  });

  test('unless env.allowLocalModels says no; and nothing is asked with env.allowRemoteModels = false', async () => {
    await mkdir(join(folder, 'user/model'), { recursive: true });
    await assert.rejects(load('user/model'), { code: 'bad_model' });
    env.allowLocalModels = false;
    assert.deepEqual(await answer('user/model'), expected);
    env.allowRemoteModels = false;
    hub.asked.length = 0;
    await assert.rejects(load('user/model'), { code: 'bad_model', message: /env\.allowRemoteModels is false/ });
    env.allowLocalModels = true;
    await assert.rejects(load('user/none'), { code: 'bad_model', message: /no folder 'user\/none'/ });
    env.allowRemoteModels = true;
    assert.deepEqual(hub.asked, []);
  });

  test('without a network the message says that it was not there', async () => {
    env.remoteHost = 'http://127.0.0.1:9/';
    const message = /there is no folder 'user\/model' here, so http:\/\/127\.0\.0\.1:9 was asked: cannot read/;
    await assert.rejects(load('user/model'), { code: 'read_failed', message });
  });

  test('paths are never names', async () => {
    for (const path of ['./user/model', '../model', join(folder, 'none'), 'a/b/c']) {
      await assert.rejects(load(path), { code: 'bad_model', message: /there is no such folder/ });
    }
    assert.deepEqual(hub.asked, []);
  });
});

test('what env is given is checked', () => {
  for (const [name, value] of [
    ['remoteHost', 5],
    ['allowRemoteModels', 'no'],
    ['cacheDir', 5],
    ['fetch', 'x'],
  ]) {
    assert.throws(() => (env[name] = value), TypeError, name);
  }
  assert.throws(() => (env.unknown = 1), TypeError);
});

test('options of transformers.js are taken, or named as ignored', async () => {
  const loaded = async (options) => {
    const classify = await load({ files }, options);
    const { dtype, notes } = classify.info;
    await classify.dispose();
    return [dtype, ...notes];
  };
  for (const [options, dtype] of [
    [{ dtype: 'auto' }, 'fp32'],
    [{ dtype: 'int8' }, 'q8'],
    [{ dtype: 'uint8', device: 'wasm' }, 'q8'],
    [{ quantized: true }, 'q8'],
    [{ quantized: false, device: 'cpu', subfolder: 'onnx', use_external_data_format: true }, 'fp32'],
    [{ dtype: null, device: 'auto', local_files_only: true, cache_dir: folder, revision: 'main' }, 'fp32'],
  ]) {
    assert.deepEqual(await loaded(options), [dtype], JSON.stringify(options));
  }
  const notes = await loaded({
    dtype: 'fp16',
    device: 'webgpu',
    model_file_name: 'x',
    session_options: {},
    config: {},
  });
  assert.equal(notes.length, 6);
  for (const [i, name] of ['fp32', 'device', 'config', 'model_file_name', 'session_options', 'fp16'].entries()) {
    assert.match(notes[i], new RegExp(name));
  }
});

test('options of a call by other names', async () => {
  const classify = await load({ files });
  assert.deepEqual(await classify(text, { topk: null, truncation: true, padding: true }), expected);
  assert.equal((await classify(text, { topk: 2 })).length, 2);
  await assert.rejects(classify(text, { topk: 2, top_k: 1 }), TypeError);
  await assert.rejects(classify(text, { truncation: false }), { name: 'TypeError', message: /long_text/ });
  await classify.dispose();
});
