// The weights of a model with the native addon: held once in a process, by all pipelines and threads that opened the same file.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { pipeline } from 'latformer';
import { tinyModel } from '../support/tiny_model.mjs';
import { withWorkers } from '../support/workers.mjs';

const built = fileURLToPath(new URL('../../../build/release/bindings/addon/latformer.node', import.meta.url));
const addon = process.env.LATFORMER_ADDON ?? built;
const text = 'a joy from start to finish .';

/** A folder of the files. */
function folderOf(files) {
  const folder = mkdtempSync(join(tmpdir(), 'latformer-shared-'));
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  return folder;
}

/** What `work` gives, and how many bytes this process has read meanwhile. */
async function reading(work) {
  const read = () => Number(/^rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))[1]);
  const begin = read();
  return [await work(), read() - begin];
}

/** Megabytes of memory, once what was freed has gone back. */
async function residentMegabytes() {
  for (let i = 0; i < 3; ++i) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return process.memoryUsage.rss() / 2 ** 20;
}

describe('weights of the native addon', { skip: !existsSync(addon) && 'it is not built' }, () => {
  const large = folderOf(tinyModel({ profile: null, sizes: { layers: 6, hidden: 512, heads: 8, intermediate: 2048 } }));
  const size = statSync(join(large, 'model.safetensors')).size;
  const kept = process.env.LATFORMER_ADDON;
  let expected;
  const load = (model = large, options = {}) =>
    pipeline('text-classification', model, { device: 'native', ...options });

  before(async () => {
    process.env.LATFORMER_ADDON = addon;
    const alone = await load(large, { worker: false });
    expected = await alone(text);
    await alone.dispose();
  });
  after(() => {
    if (kept === undefined) delete process.env.LATFORMER_ADDON;
    rmSync(large, { recursive: true });
  });

  const isOnLinux = { skip: process.platform !== 'linux' && 'it reads /proc' };

  test('four workers more take the memory of no further copy, and the last dispose() gives it back', async () => {
    const copy = size / 2 ** 20;
    const first = await load();
    const one = await residentMegabytes();
    const pool = await load(large, { workers: 4 });
    const five = await residentMegabytes();
    assert.ok(five - one < copy, `${five - one} MB more, for ${copy} MB of weights`); // each is a thread of Node, of some 10 MB
    const answers = await Promise.all([first(text), ...Array.from({ length: 4 }, () => pool(text))]);
    assert.deepEqual(answers, Array(5).fill(expected));
    await first.dispose(); // which has read them
    assert.deepEqual(await pool(text), expected);
    const four = await residentMegabytes();
    await pool.dispose();
    // The workers end by themselves, when a busy machine lets them.
    const least = four - copy / 2;
    let none = await residentMegabytes();
    for (let i = 0; none >= least && i < 100; ++i) none = await residentMegabytes();
    assert.ok(none < least, `${four - none} MB were given back, of ${copy} MB of weights`);
  });

  test('they are read once, whoever loads at the same time or later', isOnLinux, async () => {
    const [pipelines, once] = await reading(() => Promise.all([load(), load(), load(large, { workers: 2 })]));
    assert.ok(once > size && once < 1.5 * size, `${once} bytes were read of ${size}`);
    const [later, nothing] = await reading(() => load(large, { worker: false }));
    assert.ok(nothing < 0.2 * size, `${nothing} bytes were read of ${size}`);
    for (const classify of [...pipelines, later]) {
      assert.deepEqual(await classify(text), expected);
      await classify.dispose();
    }
    const [again, anew] = await reading(() => load());
    assert.ok(anew > size, 'the last one has freed them');
    await again.dispose();
  });

  test('progress comes to its end where nothing is read', async () => {
    const first = await load();
    const told = [];
    const second = await load(large, { progress_callback: (info) => told.push(info) });
    const [file] = told.filter((info) => info.status === 'progress' && info.file === 'model.safetensors');
    assert.deepEqual([file.loaded, file.total, file.progress], [size, size, 100]);
    assert.ok(told.some((info) => info.status === 'done' && info.file === 'model.safetensors'));
    await Promise.all([first.dispose(), second.dispose()]);
  });

  test('whoever waits for a load that is cancelled loads itself', async () => {
    for (let i = 0; i < 5; ++i) {
      const controller = new AbortController();
      const cancelled = load(large, { signal: controller.signal });
      const rejected = assert.rejects(cancelled, { name: 'AbortError' });
      setTimeout(() => controller.abort(), 15 * i);
      const waiting = load();
      if (i === 4) await Promise.race([rejected, cancelled]).catch(() => undefined);
      else await rejected;
      const classify = await waiting;
      assert.deepEqual(await classify(text), expected);
      await classify.dispose();
    }
  });

  test('another content is another model, of the same path, size and time', async () => {
    const folder = folderOf(tinyModel());
    const weights = join(folder, 'model.safetensors');
    const { atime, mtime } = statSync(weights);
    const first = await load(folder);
    const before = await first(text);
    writeFileSync(weights, tinyModel({ seed: 2 })['model.safetensors']);
    utimesSync(weights, atime, mtime);
    const second = await load(folder);
    assert.notDeepEqual(await second(text), before);
    assert.deepEqual(await first(text), before);
    const int8 = await load(folder, { dtype: 'q8' });
    assert.equal(int8.info.dtype, 'q8');
    assert.notDeepEqual(await int8(text), await second(text));
    for (const classify of [first, second, int8]) await classify.dispose();
    rmSync(folder, { recursive: true });
  });

  test('a file that is broken is an error of each that asks', async () => {
    const files = tinyModel();
    const folder = folderOf({ ...files, 'model.safetensors': files['model.safetensors'].subarray(0, 5000) });
    for (let i = 0; i < 2; ++i) {
      const loads = await Promise.allSettled([load(folder), load(folder, { workers: 2 })]);
      for (const { status, reason } of loads) {
        assert.equal(status, 'rejected');
        assert.equal(reason.code, 'bad_model', reason.message);
      }
    }
    rmSync(folder, { recursive: true });
  });

  test("bytes are nobody else's", async () => {
    const [first, second] = [tinyModel(), tinyModel({ seed: 2 })];
    const classifiers = await Promise.all([load({ files: first }), load({ files: second })]);
    assert.notDeepEqual(await classifiers[0](text), await classifiers[1](text));
    for (const classify of classifiers) await classify.dispose();
  });

  test('threads of the caller share them, and may end at any time', isOnLinux, async () => {
    const classify = await load();
    const source = `
      import { parentPort } from 'node:worker_threads';
      import { pipeline } from ${JSON.stringify(new URL('../../../dist/node.mjs', import.meta.url))};
      const classify = await pipeline('text-classification', ${JSON.stringify(large)}, { device: 'native' });
      parentPort.postMessage(await classify(${JSON.stringify(text)}));
      for (;;) await classify(Array(20).fill(${JSON.stringify(text)}));`;
    const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`);
    const [[answers, threads], read] = await reading(async () => {
      const threads = Array.from({ length: 3 }, () => new Worker(url));
      return [await Promise.all(threads.map((thread) => once(thread, 'message'))), threads];
    });
    assert.deepEqual(answers, Array(3).fill([expected]));
    assert.ok(read < 0.5 * size, `${read} bytes were read of ${size}`);
    await Promise.all(threads.map((thread) => thread.terminate()));
    assert.deepEqual(await classify(text), expected);
    await classify.dispose();
  });

  test('a worker that is killed takes neither the addon nor WebAssembly along', async () => {
    const wasm = await load(large, { device: 'wasm' });
    const other = await load();
    const [pool, workers] = await withWorkers(() => load(large, { workers: 2 }));
    for (const worker of workers) {
      const calls = Array.from({ length: 6 }, () => pool(text));
      await worker.terminate(); // in the middle of them
      assert.deepEqual(await Promise.all(calls), Array(6).fill(expected));
      assert.deepEqual(await other(text), expected);
      assert.equal((await wasm(text))[0].label, expected[0].label);
    }
    for (const classify of [pool, other, wasm]) await classify.dispose();
  });
});
