// Where models come from, progress, and every way in which their files can be wrong.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { env, pipeline } from 'latformer';
import { tinyModel } from '../support/tiny_model.mjs';

const text = 'a joy from start to finish';
const files = tinyModel();
env.cache.enabled = false; // tests/js/loading/download.test.mjs has what is kept
const load = (model, options) => pipeline('sentiment-analysis', model, options);

async function answer(model, options) {
  const classify = await load(model, options);
  const result = await classify(text, { top_k: null });
  await classify.dispose();
  return result;
}

let folder;
let expected;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latformer-test-'));
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
  expected = await answer({ files });
});
after(() => rm(folder, { recursive: true }));

for (const worker of [false, true]) {
  describe(worker ? 'in a worker' : 'in this thread', () => {
    const same = async (model) => assert.deepEqual(await answer(model, { worker }), expected);

    test('a folder by path or file: URL', async () => {
      await same(folder);
      await same(`${folder}/`);
      await same(pathToFileURL(folder));
      await same(pathToFileURL(`${folder}/`).href);
    });

    test('files in memory of every kind, left as they were', async () => {
      const copy = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, bytes.slice()]));
      await same({ files: copy });
      assert.deepEqual(copy, files);
      const convert = (f) => ({
        files: Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, f(bytes, name)])),
      });
      await same(convert((bytes) => bytes.slice().buffer));
      await same(convert((bytes) => new Blob([bytes])));
      await same(convert((bytes) => Buffer.from(bytes)));
      await same(convert((bytes) => new DataView(bytes.slice().buffer)));
      await same(convert((_, name) => pathToFileURL(join(folder, name))));
      await same(
        convert((bytes) => new URL(`data:application/octet-stream;base64,${Buffer.from(bytes).toString('base64')}`)),
      );
      await same(
        convert((bytes) => {
          const around = new Uint8Array(bytes.length + 20);
          around.set(bytes, 10);
          return around.subarray(10, 10 + bytes.length); // a view inside a larger buffer
        }),
      );
      await same(
        convert((bytes) => {
          const memory = new SharedArrayBuffer(bytes.length);
          new Uint8Array(memory).set(bytes);
          return new Uint8Array(memory);
        }),
      );
      await same({ files: { ...files, 'README.md': new Uint8Array(3), 'tokenizer.json': undefined } });
    });

    test('progress is told for each file, to its end', async () => {
      const told = [];
      const classify = await load(folder, { worker, progress_callback: (info) => told.push(info) });
      classify.dispose();
      assert.deepEqual(told.at(-1), { status: 'ready', task: 'sentiment-analysis', model: folder });
      const ofWeights = told.filter(({ file }) => file === 'model.safetensors');
      assert.deepEqual(
        ofWeights.map(({ status }) => status).filter((status, i, all) => status !== all[i - 1]),
        ['initiate', 'download', 'progress', 'done'],
      );
      const last = ofWeights.at(-2);
      assert.equal(last.loaded, files['model.safetensors'].length);
      assert.equal(last.total, last.loaded);
      assert.equal(last.progress, 100);
      const absent = told.filter(({ file }) => file === 'tokenizer.json');
      assert.deepEqual(
        absent.map(({ status, absent: isAbsent }) => [status, isAbsent]),
        [
          ['initiate', undefined],
          ['done', true],
        ],
      );
    });

    test('a progress_callback that throws ends the load', async () => {
      const failure = new Error('mine');
      const progress_callback = () => {
        throw failure;
      };
      await assert.rejects(load(folder, { worker, progress_callback }), failure);
      await same(folder);
    });

    test('loading can be cancelled at any step', async () => {
      await assert.rejects(load(folder, { worker, signal: AbortSignal.abort() }), { name: 'AbortError' });
      for (const status of ['initiate', 'download', 'progress', 'done']) {
        const controller = new AbortController();
        const progress_callback = (info) => {
          if (info.status === status && info.file === 'model.safetensors') controller.abort();
        };
        await assert.rejects(load(folder, { worker, progress_callback, signal: controller.signal }), {
          name: 'AbortError',
        });
      }
      await same(folder);
    });

    const wrong = async (changed, code, message, base = files) => {
      await assert.rejects(load({ files: { ...base, ...changed } }, { worker }), (error) => {
        assert.equal(error.name, 'LatformerError', error.stack);
        assert.equal(error.code, code, error.message);
        assert.match(error.message, message);
        return true;
      });
    };
    const json = (value) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
    const parse = (name) => JSON.parse(new TextDecoder().decode(files[name]));

    test('missing and empty files', async () => {
      for (const name of ['config.json', 'model.safetensors', 'vocab.txt']) {
        await wrong({ [name]: undefined }, 'bad_model', new RegExp(name.replace('.', '\\.')));
        await wrong({ [name]: new Uint8Array() }, 'bad_model', new RegExp(name.replace('.', '\\.')));
      }
      await assert.rejects(load(join(folder, 'nothing-here'), { worker }), {
        code: 'bad_model',
        message: /config\.json/,
      });
      await assert.rejects(load(join(folder, 'config.json'), { worker }), {
        code: 'bad_model',
        message: /config\.json/,
      });
      await same(folder);
    });

    test('a config that is damaged or of another architecture', async () => {
      const config = parse('config.json');
      for (const text of ['', '{', 'null', '[]', '"bert"', '<!doctype html>', '\0\0']) {
        await wrong({ 'config.json': json(text) }, 'bad_model', /config\.json/);
      }
      for (const model_type of ['mamba', 'xlnet', 'deberta-v2', 't5']) {
        await wrong({ 'config.json': json({ ...config, model_type }) }, 'unsupported_model', new RegExp(model_type));
      }
      for (const change of [
        { hidden_size: 17 },
        { hidden_size: 0 },
        { hidden_size: -16 },
        { hidden_size: 1e12 },
        { hidden_size: '16' },
        { num_attention_heads: 3 },
        { num_hidden_layers: 4 },
        { num_hidden_layers: undefined },
        { vocab_size: vocabularySize() + 1 },
        { max_position_embeddings: 33 },
      ]) {
        await wrong({ 'config.json': json({ ...config, ...change }) }, 'bad_model', /./);
      }
      await wrong({ 'config.json': json({ ...config, hidden_act: 'swish' }) }, 'unsupported_model', /hidden_act|swish/);
      await same(folder);
    });
    const vocabularySize = () => parse('config.json').vocab_size;

    test('weights that are truncated, too long or damaged', async () => {
      const weights = files['model.safetensors'];
      const headerSize = Number(new DataView(weights.buffer).getBigUint64(0, true));
      for (const size of [
        1,
        7,
        8,
        9,
        100,
        8 + headerSize - 1,
        8 + headerSize,
        8 + headerSize + 1,
        weights.length - 1,
      ]) {
        await wrong({ 'model.safetensors': weights.slice(0, size) }, 'bad_model', /model\.safetensors|./);
      }
      const longer = new Uint8Array(weights.length + 1);
      longer.set(weights);
      await wrong({ 'model.safetensors': longer }, 'bad_model', /./);

      const patched = (offset, ...bytes) => {
        const copy = weights.slice();
        copy.set(bytes, offset);
        return copy;
      };
      await wrong({ 'model.safetensors': patched(0, 255, 255, 255, 255, 255, 255, 255, 255) }, 'bad_model', /./);
      await wrong({ 'model.safetensors': patched(7, 1) }, 'bad_model', /./);
      await wrong({ 'model.safetensors': patched(8, 91) }, 'bad_model', /./);
      const header = new TextDecoder().decode(weights.subarray(8, 8 + headerSize));
      for (const [from, to] of [
        ['"F32"', '"F16"'],
        ['"F32"', '"X32"'],
        ['data_offsets', 'data_offsetz'],
        ['layer.1.', 'layer.0.'],
        ['data_offsets":[0,', 'data_offsets":[4,'],
      ]) {
        assert.ok(header.includes(from));
        const renamed = patched(8, ...new TextEncoder().encode(header.replace(from, to)));
        await wrong({ 'model.safetensors': renamed }, 'bad_model', /./);
      }
      const headless = patched(
        8,
        ...new TextEncoder().encode(header.replace('classifier.weight', 'classifies.weight')),
      );
      await wrong({ 'model.safetensors': headless }, 'unsupported_model', /classifier\.weight is missing/);
      await wrong({ 'model.safetensors': json('<!doctype html><title>Not found</title>') }, 'bad_model', /./);
      await same(folder);
    });

    test('a damaged tokenizer or profile', async () => {
      await wrong({ 'tokenizer.json': json('{') }, 'bad_model', /tokenizer\.json/);
      await wrong({ 'tokenizer.json': json({ model: { type: 'BPE' } }) }, 'unsupported_model', /tokenizer\.json|BPE/);
      await wrong({ 'vocab.txt': json('only\nwords\n') }, 'bad_model', /./);
      await wrong({ 'tokenizer_config.json': json('{') }, 'bad_model', /tokenizer_config\.json/);
      const profile = parse('profile.json');
      for (const change of [
        { version: 2 },
        { retention: [0.5] },
        { retention: [0.5, 0.6, 0.2] },
        { retention: [0.5, 0.4, 0] },
        { retention: 'none' },
        { dropped: 'burn' },
        { max_speedup: 0 },
        { max_speedup: '6' },
      ]) {
        await wrong({ 'profile.json': json({ ...profile, ...change }) }, 'bad_model', /profile\.json/);
      }
      await wrong({ 'profile.json': json('{') }, 'bad_model', /profile\.json/);
      await same(folder);
    });
  });
}

test('a folder that cannot be read', async () => {
  const odd = await mkdtemp(join(tmpdir(), 'latformer-test-'));
  try {
    await mkdir(join(odd, 'config.json')); // a folder where a file belongs
    await assert.rejects(load(odd), { code: 'read_failed', message: /config\.json/ });
    await rm(join(odd, 'config.json'), { recursive: true });
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(odd, name), bytes);
    await truncate(join(odd, 'model.safetensors'), 5000);
    await assert.rejects(load(odd), { code: 'bad_model' });
  } finally {
    await rm(odd, { recursive: true });
  }
});

describe('over HTTP', () => {
  let server;
  let base;
  let behaviour = () => false; // (name, response) -> whether it answered itself
  const asked = [];
  before(async () => {
    server = createServer((request, response) => {
      const { pathname, search } = new URL(request.url, 'http://localhost');
      const name = pathname.replace('/models/tiny/', '');
      asked.push(name + search);
      if (behaviour(name, response)) return;
      const bytes = files[name];
      response.statusCode = bytes ? 200 : 404;
      if (bytes) response.setHeader('content-length', bytes.length);
      response.end(bytes);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    base = `http://127.0.0.1:${server.address().port}/models/tiny`;
  });
  after(() => server.close());
  const when = async (f, check) => {
    behaviour = f;
    try {
      await check();
    } finally {
      behaviour = () => false;
    }
    assert.deepEqual(await answer(base), expected);
  };

  test('a folder by URL, with and without a slash, query strings kept', async () => {
    assert.deepEqual(await answer(base), expected);
    assert.deepEqual(await answer(`${base}/`), expected);
    asked.length = 0;
    assert.deepEqual(await answer(new URL(`${base}?key=1`), { worker: true }), expected);
    assert.ok(asked.includes('model.safetensors?key=1'));
  });

  test('a start page instead of 404 counts as absent', async () => {
    const startPage = (name, response) => {
      if (name in files) return false;
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end('<!doctype html>');
      return true;
    };
    await when(startPage, async () => assert.deepEqual(await answer(base), expected));
  });

  test('failures of the server and of the network name the file', async () => {
    const status = (file, code) => (name, response) => {
      if (name !== file) return false;
      response.statusCode = code;
      response.end('no');
      return true;
    };
    for (const file of ['config.json', 'profile.json', 'model.safetensors']) {
      await when(status(file, 500), () =>
        assert.rejects(load(base), { code: 'read_failed', message: new RegExp(`${file}.*500`) }),
      );
    }
    await when(status('model.safetensors', 404), () => assert.rejects(load(base), { code: 'bad_model' }));

    const hangUp = (name, response) => {
      if (name !== 'model.safetensors') return false;
      response.setHeader('content-length', files[name].length);
      response.write(files[name].subarray(0, 20_000), () => response.destroy());
      return true;
    };
    await when(hangUp, () => assert.rejects(load(base), { code: 'read_failed', message: /model\.safetensors/ }));
    await assert.rejects(load('http://127.0.0.1:9/x'), {
      code: 'read_failed',
      message: /127\.0\.0\.1:9\/x\/config\.json/,
    });
  });

  test('cancelling ends a download that never ends', { timeout: 20_000 }, async () => {
    let closed;
    const stall = (name, response) => {
      if (name !== 'model.safetensors') return false;
      closed = once(response, 'close');
      response.setHeader('content-length', files[name].length);
      response.write(files[name].subarray(0, 20_000));
      return true;
    };
    await when(stall, async () => {
      const controller = new AbortController();
      const progress_callback = ({ status, file }) => {
        if (status === 'progress' && file === 'model.safetensors') setTimeout(() => controller.abort(), 10);
      };
      await assert.rejects(load(base, { signal: controller.signal, progress_callback }), { name: 'AbortError' });
      await closed; // the connection is given up too
    });
  });
});
