// Model folders as people have them: in shards, dropped whole, of the wrong kind; and files that never end.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { env, pipeline } from 'latformer';
import { inShards, safetensors, tensorsOf, tinyModel } from '../support/tiny_model.mjs';
import { checkedTotals } from '../support/totals.mjs';

const text = 'a joy from start to finish';
const files = tinyModel();
const load = (model, options) => pipeline('sentiment-analysis', model, options);
const utf8 = (value) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

async function answer(model, options) {
  const classify = await load(model, options);
  const result = await classify(text, { top_k: null });
  await classify.dispose();
  return result;
}

env.cache.enabled = false; // tests/js/loading/download.test.mjs has what is kept

let folder;
let expected;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latformer-folders-'));
  expected = await answer({ files });
});
after(() => rm(folder, { recursive: true }));

/** A folder on disk with the files of the model, but for what differs; undefined leaves one out. */
async function written(name, changed = {}) {
  const path = join(folder, name);
  await mkdir(path, { recursive: true });
  for (const [file, bytes] of Object.entries({ ...files, ...changed })) {
    if (bytes === undefined) continue;
    await mkdir(join(path, file, '..'), { recursive: true });
    await writeFile(join(path, file), bytes);
  }
  return path;
}

/** The weights with other names, or as other numbers. */
const renamed = (name, Numbers = Float32Array) =>
  safetensors(
    new Map(
      tensorsOf(files['model.safetensors']).map(([old, { shape, values }]) => [
        name(old),
        { shape, values: Numbers.from(values) },
      ]),
    ),
  );

const sharded = (count) => inShards(files, count);

test('special tokens named in a file of their own', async () => {
  const renamed = new TextDecoder().decode(files['vocab.txt']).replace('[CLS]', '<s>').replace('[SEP]', '</s>');
  const special = { cls_token: '<s>', sep_token: '</s>' };
  const changed = { 'vocab.txt': utf8(renamed), 'special_tokens_map.json': utf8(special) };
  assert.deepEqual(await answer(await written('renamed', changed)), expected);
  assert.deepEqual(await answer({ files: { ...files, ...changed } }), expected);
  await assert.rejects(load({ files: { ...files, 'vocab.txt': utf8(renamed) } }), /\[CLS\].*is missing/);
});

describe('weights in shards', () => {
  test('give what one file gives', async () => {
    for (const count of [1, 2, 5]) {
      const changed = sharded(count);
      assert.deepEqual(await answer({ files: { ...files, ...changed } }), expected);
      assert.deepEqual(await answer(await written(`shards-${count}`, changed), { worker: true }), expected);
    }
  });

  test('each tells its progress', async () => {
    const told = [];
    const path = await written('shards-told', sharded(2));
    (await load(path, { progress_callback: (info) => told.push(structuredClone(info)) })).dispose();
    checkedTotals(told);
    for (const shard of Object.keys(sharded(2)).filter((name) => name.includes('-of-'))) {
      const its = told.filter(({ file }) => file === shard);
      assert.equal(its.at(-1).status, 'done');
      assert.equal(its.at(-2).progress, 100);
    }
  });

  test('of which there are more than a browser has connections: few are open at once', async () => {
    const served = { ...files, ...sharded(12) };
    let open = 0;
    let most = 0;
    const fetch = (url) => {
      const bytes = served[new URL(url).pathname.slice(1)];
      if (bytes === undefined) return Promise.resolve(new Response(null, { status: 404 }));
      if (!String(url).includes('-of-')) return Promise.resolve(new Response(bytes));
      most = Math.max(most, ++open);
      let at = 0;
      const pull = (controller) => {
        if (at < bytes.length) return controller.enqueue(bytes.slice(at, (at += 64)));
        open -= 1;
        controller.close();
      };
      const body = new ReadableStream({ pull, cancel: () => void (open -= 1) }, { highWaterMark: 0 });
      return Promise.resolve(new Response(body, { headers: { 'content-length': bytes.length } }));
    };
    const told = [];
    const progress_callback = (info) => told.push(structuredClone(info));
    assert.deepEqual(await answer('http://model.test/', { fetch, progress_callback }), expected);
    assert.deepEqual([most <= 5, open], [true, 0], `${most} at once`);
    checkedTotals(told, false);
    for (const shard of Object.keys(served).filter((name) => name.includes('-of-'))) {
      const its = told.filter(({ file }) => file === shard);
      assert.deepEqual(
        ['initiate', 'download', 'done'].map((status) => its.filter((each) => each.status === status).length),
        [1, 1, 1],
      );
      const loaded = its.filter(({ status }) => status === 'progress').map((each) => each.loaded);
      assert.deepEqual(
        loaded,
        loaded.toSorted((a, b) => a - b),
      );
    }
  });

  test('one that is another when it is opened again is told', async () => {
    const served = { ...files, ...sharded(6) };
    const last = Object.keys(served).find((name) => name.startsWith('model-00006-of-'));
    const asked = new Set();
    const fetch = (url) => {
      const name = new URL(url).pathname.slice(1);
      const bytes = served[asked.has(name) ? Object.keys(served).find((each) => each.includes('-00005-of-')) : name];
      if (name === last) asked.add(name);
      return Promise.resolve(new Response(bytes ?? null, { status: bytes === undefined ? 404 : 200 }));
    };
    await assert.rejects(load('http://model.test/', { fetch }), {
      code: 'bad_model',
      message: new RegExp(`${last} has become another one while it was read`),
    });
  });

  test('that are missing, damaged or at odds with the index are named', async () => {
    const sound = sharded(2);
    const [first, second] = Object.keys(sound).filter((name) => name.includes('-of-'));
    const index = JSON.parse(new TextDecoder().decode(sound['model.safetensors.index.json']));
    const [tensor] = Object.keys(index.weight_map).filter((name) => index.weight_map[name] === first);
    const withMap = (weight_map) => ({ 'model.safetensors.index.json': utf8({ weight_map }) });
    for (const [change, message] of [
      [{ [second]: undefined }, new RegExp(`${second} is missing or empty`)],
      [{ [second]: new Uint8Array(4) }, new RegExp(`${second} ends in its header`)],
      [{ [second]: sound[second].slice(0, -4) }, new RegExp(`${second} has \\d+ bytes of tensors; its header says`)],
      [{ [first]: new Uint8Array([...sound[first], 0]) }, new RegExp(`${first} has \\d+ bytes of tensors`)],
      [{ [first]: new Uint8Array(64).fill(255) }, new RegExp(`${first} is no safetensors file`)],
      [{ [second]: sound[first] }, /a second time/],
      [withMap({ ...index.weight_map, [tensor]: second }), /does not have the tensor/],
      [withMap({}), /index\.json has no weight_map/],
      [withMap({ [tensor]: '../config.json' }), /gives no name of a \.safetensors file/],
      [withMap({ [tensor]: 5 }), /gives no name of a \.safetensors file/],
      [{ 'model.safetensors.index.json': utf8('{') }, /index\.json is not JSON/],
    ]) {
      const model = { files: { ...files, ...sound, ...change } };
      await assert.rejects(load(model), { code: 'bad_model', message }, String(message));
    }
  });
});

test('files dropped as a folder', async () => {
  const prefixed = (prefix) =>
    Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${prefix}${name}`, bytes]));
  assert.deepEqual(await answer({ files: prefixed('my-model/') }), expected);
  assert.deepEqual(await answer({ files: { ...prefixed('a/b/'), 'a/b/c/config.json': utf8('{}') } }), expected);
  const list = Object.entries(files).map(([name, bytes]) => {
    const file = new File([bytes], name);
    Object.defineProperty(file, 'webkitRelativePath', { value: `my-model/${name}` });
    return file;
  });
  assert.deepEqual(await answer({ files: list }), expected);
  assert.deepEqual(
    await answer({ files: Object.entries(files).map(([name, bytes]) => new File([bytes], name)) }),
    expected,
  );
  await assert.rejects(load({ files: [new Blob()] }), TypeError);
});

describe('what a thing is that is not a model', () => {
  const lfs = 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n';
  const html = '<!DOCTYPE html>\n<html><head></head></html>';
  const none = { 'model.safetensors': undefined };
  const cases = [
    ['a git-lfs pointer', { 'model.safetensors': utf8(lfs) }, /model\.safetensors.*pointer of git-lfs.*git lfs pull/],
    ['the same of a small file', { 'vocab.txt': utf8(lfs) }, /vocab\.txt.*pointer of git-lfs/],
    ['an HTML page', { 'config.json': utf8(html) }, /config\.json.*HTML page.*\/resolve\//],
    ['an HTML page as weights', { 'model.safetensors': utf8(html) }, /model\.safetensors.*HTML page/],
    ['ONNX alone', { ...none, 'onnx/model.onnx': utf8('x') }, /weights are there as ONNX alone/],
    ['a pickle', { ...none, 'pytorch_model.bin': utf8('PK') }, /pytorch_model\.bin is a pickle.*safe_serialization/],
    ['a pickle by another name', { 'model.safetensors': utf8('PK\x03\x04') }, /it is a pickle of torch\.save/],
    ['GGUF', { 'model.safetensors': utf8('GGUF\x03') }, /it is a GGUF file/],
    ['an adapter', { ...none, 'adapter_config.json': utf8('{}') }, /PEFT adapter.*merge_and_unload/],
    ['an adapter alone', { 'config.json': undefined, 'adapter_config.json': utf8('{}') }, /PEFT adapter/],
    ['a variant', { ...none, 'model.fp16.safetensors': utf8('x') }, /model\.fp16\.safetensors holds a variant/],
    ['another', { ...none, 'model.bf16-00001-of-00002.safetensors': utf8('x') }, /bf16-00001.* holds a variant/],
    ['ONNX of any name', { ...none, 'onnx/model_q4f16.onnx': utf8('x') }, /weights are there as ONNX alone/],
    ['a file of GGUF', { ...none, 'model-Q4.gguf': utf8('x') }, /model-Q4\.gguf is a GGUF file/],
    ['a checkpoint', { ...none, 'last.ckpt': utf8('x') }, /last\.ckpt is a pickle/],
    ['SentencePiece', { 'vocab.txt': undefined, 'spiece.model': utf8('x') }, /spiece\.model is SentencePiece/],
    ['an HTML page as vocabulary', { 'vocab.txt': utf8(html) }, /vocab\.txt.*HTML page/],
    ['XHTML', { 'config.json': utf8('<?xml version="1.0"?>') }, /config\.json.*HTML page/],
    [
      'DataParallel',
      { 'model.safetensors': renamed((name) => `module.${name}`) },
      /begin with "module\.".*save_pretrained/,
    ],
  ];
  for (const [name, changed, message] of cases) {
    test(name, async () => {
      await assert.rejects(load(await written(name, changed)), { code: 'bad_model', message });
      await assert.rejects(load({ files: { ...files, ...changed } }), { code: 'bad_model', message });
    });
  }

  test('paths that are no folder', async () => {
    const path = await written('sound');
    for (const [model, message] of [
      [join(path, 'config.json'), /config\.json is missing.*that is a file; give the folder/],
      [join(path, 'none'), /there is no such folder/],
    ]) {
      await assert.rejects(load(model), { code: 'bad_model', message });
    }
  });
});

test('addresses that are none', async () => {
  for (const url of [
    'http://',
    'https://[',
    'http://a b/',
    'file://host/x',
    'ftp://a/b',
    'data:,x',
    'blob:x',
    'javascript:1',
  ]) {
    await assert.rejects(
      load(url),
      { name: 'TypeError', message: /^(the URL of the model|model must be a folder, or a URL)/ },
      url,
    );
  }
  for (const url of ['ftp://a/b', 'data:,x', 'about:blank', 'file://host/x'])
    await assert.rejects(load(new URL(url)), TypeError);
});

test('weights of f64', async () => {
  const wide = renamed((name) => name, Float64Array);
  assert.deepEqual(await answer({ files: { ...files, 'model.safetensors': wide } }), expected);
});

test('scales of integers that are no positive numbers', async () => {
  const quantized = (scale) => {
    const tensors = tensorsOf(files['model.safetensors']);
    const at = tensors.findIndex(([name]) => name === 'bert.pooler.dense.weight');
    const [name, { shape }] = tensors[at];
    const scales = new Float32Array(shape[0]).fill(0.01);
    scales[1] = scale;
    tensors[at] = [name, { shape, values: new Int8Array(shape[0] * shape[1]).fill(3) }];
    tensors.push([`${name}_scale`, { shape: [shape[0], 1], values: scales }]);
    return { files: { ...files, 'model.safetensors': safetensors(new Map(tensors)) } };
  };
  (await load(quantized(0.02))).dispose();
  for (const scale of [0, -0, -0.01, 3e38, Infinity, NaN]) {
    await assert.rejects(load(quantized(scale)), {
      code: 'bad_model',
      message: /bert\.pooler\.dense\.weight_scale|pooler\.dense\.weight_scale/,
    });
  }
});

describe('what never ends', { timeout: 60_000 }, () => {
  test('pipes and devices are refused at once', { skip: process.platform === 'win32' }, async () => {
    for (const name of ['config.json', 'tokenizer_config.json', 'model.safetensors']) {
      const path = await written(`fifo-${name}`, { [name]: undefined });
      assert.equal(spawnSync('mkfifo', [join(path, name)]).status, 0);
      await assert.rejects(load(path), { code: 'read_failed', message: new RegExp(`${name}.*no regular file`) });
    }
  });

  test('small files have a limit from every source', async () => {
    const path = await written('sparse');
    await truncate(join(path, 'profile.json'), 60e9);
    const tooLarge = { code: 'bad_model', message: /profile\.json in .* is larger than 16 MiB/ };
    await assert.rejects(load(path), tooLarge);
    const blob = new Blob(Array.from({ length: 20 }, () => new Uint8Array(2 ** 20)));
    await assert.rejects(load({ files: { ...files, 'profile.json': blob } }), tooLarge);
  });

  describe('over HTTP', () => {
    const behaviour = new Map();
    let server;
    let base;
    let open = 0;
    before(async () => {
      server = createServer((request, response) => {
        const name = request.url.slice(1);
        ++open;
        response.on('close', () => --open);
        if (behaviour.has(name)) return behaviour.get(name)(response);
        response.statusCode = files[name] ? 200 : 403; // as a bucket does
        response.end(files[name]);
      });
      await once(server.listen(0, '127.0.0.1'), 'listening');
      base = `http://127.0.0.1:${server.address().port}`;
    });
    after(() => server.close());

    test('403 for an optional file counts as absent, for others it is told', async () => {
      assert.deepEqual(await answer(base), expected);
      for (const name of ['config.json', 'model.safetensors']) {
        behaviour.set(name, (response) => response.writeHead(403).end('no'));
        await assert.rejects(load(base), { code: 'read_failed', message: new RegExp(`${name} answered 403`) });
        behaviour.clear();
      }
    });

    test('endless and gzip-bombed files', async () => {
      const zeros = gzipSync(new Uint8Array(200 * 2 ** 20));
      behaviour.set('config.json', (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(zeros));
      await assert.rejects(load(base), { code: 'bad_model', message: /config\.json.*larger than/ });
      behaviour.set('config.json', (response) => {
        const more = () => {
          if (!response.destroyed && response.write(new Uint8Array(2 ** 20))) setImmediate(more);
        };
        response.on('drain', more);
        more();
      });
      await assert.rejects(load(base), { code: 'bad_model', message: /config\.json.*larger than/ });
      behaviour.clear();
      for (let i = 0; i < 100 && open > 0; ++i) await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(open, 0, 'downloads that nobody reads are ended');
    });

    test('why a read failed is in the message', async () => {
      behaviour.set('model.safetensors', (response) => response.socket.destroy());
      await assert.rejects(load(base), {
        code: 'read_failed',
        message: /cannot read .*model\.safetensors: .*(closed|reset)/,
      });
      behaviour.clear();
    });
  });
});

test('a progress_callback that throws leaves no file open', { skip: process.platform !== 'linux' }, async () => {
  const path = await written('handles');
  const open = async () => {
    const { readlink } = await import('node:fs/promises');
    const links = await Promise.all(
      (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
    );
    return links.filter((link) => link.startsWith(path));
  };
  for (const status of ['initiate', 'download', 'progress', 'done']) {
    for (let i = 0; i < 5; ++i) {
      const progress_callback = (info) => {
        if (info.status === status) throw new Error('mine');
      };
      await assert.rejects(load(path, { progress_callback }), /mine/);
    }
  }
  for (let i = 0; i < 100 && (await open()).length > 0; ++i) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(await open(), []);
});

test('info is frozen', async () => {
  const { info, dispose } = await load({ files });
  assert.throws(() => (info.max_speedup = 99), TypeError);
  assert.throws(() => info.labels.push('x'), TypeError);
  assert.throws(() => (info.profile.retention[0] = 0), TypeError);
  await dispose();
});
