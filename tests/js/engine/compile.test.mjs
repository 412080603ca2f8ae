// Where the binaries come from, in Node and through the browser entry: addresses, content types, gzipped or not, failures.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { tinyModel } from '../support/tiny_model.mjs';
import { checkedTotals } from '../support/totals.mjs';

const { readFile, stat } = fs;
const dist = new URL('../../../dist/', import.meta.url);
const files = tinyModel();
let served = {}; // how the server answers
const asked = [];
const bomb = gzipSync(new Uint8Array(2 ** 25));
let server;
let wasmPaths;
before(async () => {
  server = createServer(async (request, response) => {
    const { status = 200, type, encoding, as = (bytes) => bytes, isPlain = false } = served;
    response.statusCode = isPlain === request.url.endsWith('.gz') ? 404 : status;
    if (type !== undefined) response.setHeader('content-type', type);
    if (encoding !== undefined) response.setHeader('content-encoding', encoding);
    asked.push(request.url);
    response.end(as(await readFile(new URL(`.${request.url.replace(/(\.gz)?$/, '.gz')}`, dist))));
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
  for (const file of ['latformer.wasm.gz', 'worker.mjs']) {
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
        'application/gzip',
        undefined,
      ]) {
        served = { type };
        await loads(latformer, { wasmPaths });
      }
    });

    test('a binary is what its bytes are: gzipped, or unpacked by whoever has passed it on', async () => {
      const latformer = await freshly(entry);
      for (const answer of [
        { encoding: 'gzip' }, // which fetch unpacks
        { encoding: 'gzip', as: gzipSync }, // and a proxy has packed again
        { as: gunzipSync },
        { isPlain: true, as: gunzipSync }, // a folder with latformer.wasm alone
      ]) {
        served = answer;
        assert.match((await loads(latformer, { wasmPaths })).binary, /^latformer.*\.wasm$/);
      }
    });

    test('what is loaded of it is told to its end', async () => {
      served = {};
      const told = [];
      await loads(await freshly(entry), { wasmPaths, progress_callback: (info) => told.push(info) });
      const own = told.filter(({ file }) => /\.wasm$/.test(file));
      const { files: all } = checkedTotals(told).at(-1);
      assert.ok(own[0].file in all);
      const { size } = await stat(new URL(`${own[0].file}.gz`, dist));
      assert.deepEqual(own.at(-2), {
        ...{ status: 'progress', name: 'latformer', file: own[0].file },
        ...{ loaded: size, total: size, progress: 100 },
      });
    });

    test('a binary that is damaged, or unpacks to no end', async () => {
      const latformer = await freshly(entry);
      const flipped = (bytes) => bytes.map((byte, i) => (i === bytes.length >> 1 ? byte ^ 0x55 : byte));
      for (const [as, message] of [
        [(bytes) => bytes.subarray(0, bytes.length / 2), /cannot be unpacked/],
        [flipped, /cannot be unpacked/],
        [() => bomb, /cannot be unpacked: .*(larger than|16777216)/],
        [() => gzipSync('\0asm'), /is not the file of this version/],
      ]) {
        served = { as };
        await assert.rejects(loads(latformer, { wasmPaths }), { code: 'read_failed', message });
        const bytes = await readFile(new URL('latformer.wasm.gz', dist));
        if (/unpacked/.test(message)) {
          const wasmBinary = as(bytes);
          await assert.rejects(loads(latformer, { wasmBinary }), {
            code: 'read_failed',
            message: /^wasmBinary cannot/,
          });
        }
      }
    });

    test('wasmBinary may be gzipped or not', async () => {
      const latformer = await freshly(entry);
      const packed = await readFile(new URL('latformer.wasm.gz', dist));
      for (const wasmBinary of [packed, gunzipSync(packed)]) await loads(latformer, { wasmBinary });
    });

    test('a binary that is not there', async () => {
      const latformer = await freshly(entry);
      for (const [answer, message] of [
        [{ status: 404 }, /latformer\S*\.wasm\.gz is missing/],
        [{ status: 500, type: 'application/wasm' }, /answered 500/],
        [{ type: 'text/html; charset=utf-8' }, /latformer\S*\.wasm\.gz is missing, or an HTML page/],
      ]) {
        served = answer;
        asked.length = 0;
        await assert.rejects(loads(latformer, { wasmPaths }), { code: 'read_failed', message });
        assert.match(asked[0], /\.wasm\.gz$/);
      }
    });
  });
}

test('node.mjs: a folder of binaries, gzipped or not', async () => {
  const latformer = await freshly('node.mjs');
  const folder = await fs.mkdtemp(join(tmpdir(), 'latformer-test-'));
  try {
    const packed = await readFile(new URL('latformer.wasm.gz', dist));
    const options = { wasmPaths: folder, kernels: 'base' };
    await assert.rejects(loads(latformer, options), { code: 'read_failed', message: /latformer\.wasm\.gz/ });
    await fs.writeFile(join(folder, 'latformer.wasm'), gunzipSync(packed));
    await loads(latformer, options);
    await fs.writeFile(join(folder, 'latformer.wasm.gz'), packed.subarray(0, 1000));
    const message = /latformer\.wasm\.gz cannot be unpacked/;
    await assert.rejects(loads(latformer, options), { code: 'read_failed', message });
  } finally {
    await fs.rm(folder, { recursive: true });
  }
});

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

test('a browser that cannot unpack says so', async () => {
  served = {};
  const latformer = await freshly('web.mjs');
  const { DecompressionStream } = globalThis;
  try {
    delete globalThis.DecompressionStream;
    await assert.rejects(loads(latformer, { wasmPaths }), {
      code: 'unsupported_runtime',
      message: /no DecompressionStream.*Safari 16\.4/,
    });
    const wasmBinary = gunzipSync(await readFile(new URL('latformer.wasm.gz', dist)));
    await loads(latformer, { wasmBinary });
  } finally {
    globalThis.DecompressionStream = DecompressionStream;
  }
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
