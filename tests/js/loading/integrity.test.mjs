// What files of a model must hash to: of the bundled model, and by the option `integrity`.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { cp, mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transform } from 'esbuild';
import { pipeline } from 'latformer';
import { latformer } from '../support/cli.mjs';
import { tinyModel } from '../support/tiny_model.mjs';

const dist = new URL('../../../dist/', import.meta.url);
const sentiment = new URL('../../../models/sentiment/', import.meta.url);
const text = 'a joy from start to finish';
const files = tinyModel();
const hashOf = (bytes) => `sha256-${createHash('sha256').update(bytes).digest('base64')}`;
const hashes = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, hashOf(bytes)]));
const load = (model, options) => pipeline('sentiment-analysis', model, options);

let folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latformer-integrity-'));
  await mkdir(join(folder, 'model'));
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, 'model', name), bytes);
});
after(() => rm(folder, { recursive: true }));

/** A byte of `bytes`, near its end, is another one. */
function changed(bytes) {
  const copy = new Uint8Array(bytes);
  copy[copy.length - 2] ^= 1;
  return copy;
}

async function answers(model, options) {
  const classify = await load(model, options);
  const result = await classify(text);
  await classify.dispose();
  return result;
}

test('our SHA-256 is that of Node, whatever the parts are', async () => {
  const source = await readFile(new URL('../../../bindings/model/sha256.ts', import.meta.url), 'utf8');
  const { code } = await transform(source, { loader: 'ts' });
  const { sha256 } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  const bytes = randomBytes(5000);
  for (let length = 0; length < 200; ++length) {
    const hasher = sha256();
    hasher.update(bytes.subarray(0, length));
    assert.equal(
      Buffer.from(hasher.digest()).toString('hex'),
      createHash('sha256').update(bytes.subarray(0, length)).digest('hex'),
    );
  }
  for (const step of [1, 3, 55, 56, 63, 64, 65, 119, 128, 1000, 4999]) {
    const hasher = sha256();
    for (let at = 0; at < bytes.length; at += step) hasher.update(bytes.subarray(at, at + step));
    assert.equal(Buffer.from(hasher.digest()).toString('hex'), createHash('sha256').update(bytes).digest('hex'), step);
  }
});

describe('the bundled model', () => {
  test('is what the package says, file by file', async () => {
    const manifest = JSON.parse(await readFile(new URL('integrity.json', sentiment), 'utf8'));
    assert.ok('model.safetensors' in manifest && 'vocab.txt' in manifest);
    for (const [name, hash] of Object.entries(manifest)) {
      assert.equal(hash, hashOf(await readFile(new URL(name, sentiment))), name);
    }
  });

  test('with a megabyte of its weights overwritten is bad_model', { timeout: 60_000 }, async () => {
    const moved = join(folder, 'dist');
    await mkdir(moved);
    for (const name of ['latformer.wasm.gz', 'latformer-relaxed.wasm.gz'])
      await cp(new URL(name, dist), join(moved, name));
    for (const name of ['vocab.txt', 'model.safetensors']) {
      await cp(new URL(name, sentiment), join(moved, 'models/sentiment', name));
    }
    const wasmPaths = pathToFileURL(`${moved}/`);
    (await load(null, { wasmPaths })).dispose();
    const weights = await open(join(moved, 'models/sentiment/model.safetensors'), 'r+');
    await weights.write(new Uint8Array(2 ** 20).fill(0xff), 0, 2 ** 20, 14 * 2 ** 20);
    await weights.close();
    const message =
      /^model\.safetensors in the bundled sentiment model is not what it should be: its hash is sha256-\S+, not sha256-\S+$/;
    await assert.rejects(load(null, { wasmPaths }), { code: 'bad_model', message });
  });
});

describe('integrity', () => {
  test('of every file, or of some, lets a sound model through', async () => {
    const expected = await answers({ files });
    const both = { ...hashes, 'config.json': `${hashOf(new Uint8Array())} ${hashes['config.json']}` };
    for (const integrity of [hashes, { 'model.safetensors': hashes['model.safetensors'] }, both, {}, null, undefined]) {
      for (const model of [{ files }, join(folder, 'model')]) {
        assert.deepEqual(await answers(model, { integrity }), expected);
        assert.deepEqual(await answers(model, { integrity, worker: true }), expected);
      }
    }
  });

  test('is the same in the browser entry, by its own SHA-256 and by ours', async () => {
    const web = await import(new URL('web.mjs', dist));
    const wasmBinary = await readFile(new URL('latformer.wasm.gz', dist));
    const own = { ...files, 'model.safetensors': changed(files['model.safetensors']) };
    const subtle = Object.getOwnPropertyDescriptor(globalThis, 'crypto');
    for (const crypto of [globalThis.crypto, undefined]) {
      Object.defineProperty(globalThis, 'crypto', { value: crypto, configurable: true });
      try {
        const options = { wasmBinary, worker: false, integrity: hashes };
        (await web.pipeline('sentiment-analysis', { files }, options)).dispose();
        await assert.rejects(web.pipeline('sentiment-analysis', { files: own }, options), {
          code: 'bad_model',
          message: /its hash is sha256-/,
        });
      } finally {
        Object.defineProperty(globalThis, 'crypto', subtle);
      }
    }
  });

  test('names the file of another hash, what was found and what was expected', async () => {
    for (const name of Object.keys(files)) {
      const own = {
        ...files,
        [name]: name.endsWith('.json') ? new Uint8Array([...files[name], 0x20]) : changed(files[name]),
      };
      await assert.rejects(load({ files: own }, { integrity: hashes }), {
        code: 'bad_model',
        message: `${name} in the given files is not what it should be: its hash is ${hashOf(own[name])}, not ${hashes[name]}`,
      });
    }
  });

  test('of a file that is not there, or must not be', async () => {
    const { 'profile.json': profile, ...others } = files;
    await assert.rejects(load({ files: others }, { integrity: hashes }), {
      code: 'bad_model',
      message: /^profile\.json in the given files is missing, but integrity says that it is there$/,
    });
    await assert.rejects(
      load({ files: { ...others, 'profile.json': profile } }, { integrity: { 'profile.json': null } }),
      {
        code: 'bad_model',
        message: /^profile\.json in the given files is there, but integrity says that there is none$/,
      },
    );
    (await load({ files: others }, { integrity: { 'profile.json': null, 'tokenizer.json': null } })).dispose();
    const forbidden = createServer(async ({ url }, response) => {
      const bytes = files[url.slice(1)];
      response.statusCode = bytes === undefined || url === '/profile.json' ? 403 : 200;
      response.end(bytes);
    });
    await new Promise((resolve) => forbidden.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${forbidden.address().port}`;
      (await load(url)).dispose();
      await assert.rejects(load(url, { integrity: hashes }), {
        code: 'read_failed',
        message: /profile\.json answered 403/,
      });
    } finally {
      forbidden.close();
    }
  });

  test('of a misspelt name is an error, not a file that goes unchecked', async () => {
    for (const name of [
      'modelsafetensors',
      'Model.SAFETENSORS',
      'tokenizr.json',
      'model/config.json',
      'a/b.safetensors',
      '',
    ]) {
      for (const hash of [hashes['config.json'], null]) {
        const integrity = { ...hashes, [name]: hash };
        await assert.rejects(load({ files }, { integrity }), {
          name: 'TypeError',
          message: new RegExp(`^integrity: no model has a file "${name}"; known are config\\.json, `),
        });
      }
    }
    // Weights may have any name.
    const integrity = { 'modle.safetensors': hashes['model.safetensors'] };
    const message = /^modle\.safetensors in .* is missing, but integrity says that it is there$/;
    for (const model of [{ files }, join(folder, 'model')]) {
      await assert.rejects(load(model, { integrity }), { code: 'bad_model', message });
    }
    // A file that is there without being read does no harm, nor one that must not be there and is not.
    const more = { ...files, 'modle.safetensors': new Uint8Array(8) };
    (await load({ files: more }, { integrity })).dispose();
    (await load({ files }, { integrity: { 'modle.safetensors': null } })).dispose();
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    await assert.rejects(load({ files }, { integrity: revoked.proxy }), TypeError);
  });

  test('that is none is a TypeError', async () => {
    const odd = [
      '',
      'sha256-',
      `sha256-${'a'.repeat(43)}`,
      'sha384-abc',
      'a'.repeat(64),
      5,
      {},
      [hashes['config.json']],
    ];
    for (const integrity of ['sha256-abc', 5, [], ...odd.map((hash) => ({ 'config.json': hash }))]) {
      await assert.rejects(load({ files }, { integrity }), TypeError, JSON.stringify(integrity));
    }
  });
});

describe('the command', () => {
  test('prints hashes that it takes itself', async () => {
    const model = join(folder, 'model');
    const { code, stdout } = await latformer(['inspect', '--hashes', model]);
    assert.equal(code, 0);
    const printed = JSON.parse(stdout);
    for (const name of Object.keys(files)) assert.equal(printed[name], hashes[name]);
    assert.equal(printed['tokenizer.json'], null);
    const kept = join(folder, 'hashes.json');
    await writeFile(kept, stdout);
    assert.equal((await latformer(['classify', '--model', model, '--integrity', kept, '--text', text])).code, 0);
    await writeFile(kept, JSON.stringify({ ...printed, 'vocab.txt': hashOf('') }));
    const failed = await latformer(['inspect', '--integrity', kept, model]);
    assert.equal(failed.code, 1);
    assert.match(failed.stdout, /vocab\.txt in .* is not what it should be: its hash is sha256-/);
    for (const [content, message] of [
      ['{', /not JSON/],
      ['[]', /must be an object/],
      ['{"a":"b"}', /integrity: no model has a file "a"/],
      ['{"vocab.txt":"b"}', /integrity of "vocab\.txt" must be/],
    ]) {
      await writeFile(kept, content);
      const { code, stderr } = await latformer(['inspect', '--integrity', kept, model]);
      assert.equal(code, 1);
      assert.match(stderr, message);
    }
    assert.equal((await latformer(['inspect', '--hashes', fileURLToPath(new URL('./', import.meta.url))])).code, 1);
  });
});
