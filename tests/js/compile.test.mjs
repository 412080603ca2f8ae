// Where the binaries come from, in Node and through the browser entry: addresses, content types, failures.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { tinyModel } from './tiny_model.mjs';

const { readFile } = fs;
const dist = new URL('../../dist/', import.meta.url);
const files = tinyModel();
let served = {}; // how the server answers
let server;
let wasmPaths;
before(async () => {
  server = createServer(async (request, response) => {
    const { status = 200, type } = served;
    response.statusCode = status;
    if (type !== undefined) response.setHeader('content-type', type);
    response.end(await readFile(new URL(`.${request.url}`, dist)));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  wasmPaths = `http://127.0.0.1:${server.address().port}/`;
  globalThis.self = { location: { href: wasmPaths }, crossOriginIsolated: false }; // as the browser entry finds it
});
after(() => server.close());

/** A copy of what is behind the entry that has not compiled anything yet. */
let copies = 0;
const freshly = async (entry) => {
  const { env, loadersWith } = await import(new URL(`${entry.replace('.', '-platform.')}?${++copies}`, dist));
  env.cache.enabled = false;
  return loadersWith();
};

async function loads({ pipeline }, options) {
  const classify = await pipeline('sentiment-analysis', { files }, { worker: false, threads: 1, ...options });
  assert.equal((await classify('a joy')).length, 1);
  await classify.dispose();
  return classify.info;
}

test('every file of the package can be named', async () => {
  const require = createRequire(import.meta.url);
  for (const file of ['latformer.wasm', 'worker.mjs']) {
    assert.equal(require.resolve(`latformer/dist/${file}`), new URL(file, dist).pathname);
  }
});

for (const entry of ['node.mjs', 'web.mjs']) {
  describe(entry, () => {
    test('a server may call a binary what it likes', async () => {
      const latformer = await freshly(entry);
      for (const type of [
        'application/wasm',
        'Application/WASM',
        'application/wasm; charset=utf-8',
        'application/octet-stream',
        undefined,
      ]) {
        served = { type };
        await loads(latformer, { wasmPaths });
      }
    });

    test('a binary that is not there', async () => {
      const latformer = await freshly(entry);
      for (const [answer, message] of [
        [{ status: 404 }, /latformer\S*\.wasm is missing/],
        [{ status: 500, type: 'application/wasm' }, /answered 500/],
        [{ type: 'text/html; charset=utf-8' }, /latformer\S*\.wasm is missing, or an HTML page/],
      ]) {
        served = answer;
        await assert.rejects(loads(latformer, { wasmPaths }), { code: 'read_failed', message });
      }
    });
  });
}

describe('what could not be read is read anew by the next pipeline', () => {
  test('node.mjs', async () => {
    const latformer = await freshly('node.mjs');
    fs.readFile = () => Promise.reject(Object.assign(new Error('too many open files'), { code: 'EMFILE' }));
    syncBuiltinESMExports();
    try {
      await assert.rejects(loads(latformer), { code: 'read_failed', message: /too many open files/ });
    } finally {
      fs.readFile = readFile;
      syncBuiltinESMExports();
    }
    await loads(latformer);
  });

  test('web.mjs', async () => {
    const latformer = await freshly('web.mjs');
    const { fetch } = globalThis;
    try {
      globalThis.fetch = () => Promise.reject(new TypeError('no network'));
      await assert.rejects(loads(latformer), { code: 'read_failed', message: /no network/ });
      globalThis.fetch = async (url) => new Response(await readFile(new URL(url)));
      await loads(latformer);
    } finally {
      globalThis.fetch = fetch;
    }
  });
});

test('where there are no workers, as in a service worker, there are no threads', async () => {
  served = {};
  globalThis.navigator ??= { hardwareConcurrency: 4 }; // which Node 20 does not have
  self.crossOriginIsolated = true;
  try {
    assert.equal((await loads(await freshly('web.mjs'), { wasmPaths, threads: 2 })).threads, 1);
  } finally {
    self.crossOriginIsolated = false;
  }
});
