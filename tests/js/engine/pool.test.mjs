// Several workers as one pipeline: order, waiting, streams, and what happens when a worker dies.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import { Duplex, Readable } from 'node:stream';
import { pipeline as flow } from 'node:stream/promises';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import workerThreads from 'node:worker_threads';
import { pipeline } from 'latformer';
import { tinyModel } from '../support/tiny_model.mjs';
import { withWorkers } from '../support/workers.mjs';

const files = tinyModel();
const texts = Array.from({ length: 300 }, (_, i) => `a joy ${'good '.repeat(i % 17)}film ${i}`);
const load = (options) => pipeline('sentiment-analysis', { files }, options);

async function gather(stream) {
  const values = [];
  for await (const value of stream) values.push(value);
  return values;
}

let expected;
before(async () => {
  const alone = await load({ worker: false });
  expected = await alone(texts);
  await alone.dispose();
});

test('a worker is the default of the main thread, and of no other', async () => {
  const [classify, workers] = await withWorkers(() => load({}));
  assert.equal(workers.length, 1);
  assert.equal(classify.info.workers, 1);
  await classify.dispose();

  const source = `
    import { parentPort } from 'node:worker_threads';
    import { pipeline } from ${JSON.stringify(new URL('../../../dist/node.mjs', import.meta.url))};
    const classify = await pipeline('sentiment-analysis');
    parentPort.postMessage(classify.info.workers);`;
  const worker = new workerThreads.Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
  assert.deepEqual(await once(worker, 'message'), [0]);
  await worker.terminate();
});

test('where no worker can be started the model runs without one, and says so', async () => {
  const { Worker } = workerThreads;
  workerThreads.Worker = class {
    constructor() {
      throw new Error('no workers here');
    }
  };
  syncBuiltinESMExports();
  try {
    const classify = await load({});
    assert.equal(classify.info.workers, 0);
    assert.match(classify.info.notes.join(), /calling thread.*no workers here/);
    assert.deepEqual(await classify(texts.slice(0, 3)), expected.slice(0, 3));
    await classify.dispose();
    await assert.rejects(load({ worker: true }), { code: 'unsupported_runtime' });
    await assert.rejects(load({ workers: 2 }), { code: 'unsupported_runtime' });
  } finally {
    workerThreads.Worker = Worker;
    syncBuiltinESMExports();
  }
});

describe('a pool of two', () => {
  let classify;
  let workers;
  before(async () => ([classify, workers] = await withWorkers(() => load({ workers: 2 }))));
  after(() => classify.dispose());

  test('it says what it is', () => {
    assert.equal(workers.length, 2);
    assert.equal(classify.info.workers, 2);
    assert.equal(classify.info.threads, 1);
    assert.equal(classify.pending, 0);
  });

  test('an array is answered in its order, by all workers', async () => {
    assert.deepEqual(await classify(texts), expected);
    for (const worker of workers) assert.ok(worker.performance.eventLoopUtilization().active > 0);
  });

  test('calls at once are answered as if alone, whatever they are put together with', async () => {
    const calls = texts.map((text, i) => classify(text, { speedup: 1 + (i % 3), top_k: i % 2 === 0 ? 1 : null }));
    assert.equal(classify.pending, texts.length);
    const answers = await Promise.all(calls);
    assert.equal(classify.pending, 0);
    for (const [i, answer] of answers.entries()) {
      const alone = await classify(texts[i], { speedup: 1 + (i % 3), top_k: i % 2 === 0 ? 1 : null });
      assert.deepEqual(answer, alone);
    }
  });

  test('a call that fails does not harm those that it was put together with', async () => {
    const options = { long_text: 'windows' };
    const pair = { text: 'a', text_pair: 'b' };
    const calls = [classify('a', options), classify(pair, options), classify('joy', options), classify([], options)];
    const settled = await Promise.allSettled(calls);
    assert.deepEqual(
      settled.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
    );
    assert.equal(settled[1].reason.code, 'invalid_argument');
  });

  test('a signal ends its own call alone', async () => {
    const controller = new AbortController();
    const calls = [classify(texts[0]), classify(texts[1], { signal: controller.signal }), classify(texts[2])];
    controller.abort();
    await assert.rejects(calls[1], { name: 'AbortError' });
    assert.deepEqual(await calls[0], [expected[0]]);
    assert.deepEqual(await calls[2], [expected[2]]);
  });

  test('a calibration holds for all workers', async () => {
    const another = await load({ workers: 2 });
    await another.calibrate({ fresh: true });
    const answers = await Promise.all(
      texts.slice(0, 20).map((text) => another(text, { latency_budget: 50, stats: true })),
    );
    for (const [{ stats }] of answers) assert.equal(typeof stats.predicted_milliseconds, 'number');
    await another.dispose();
  });

  test('a worker that dies while it works: its calls are answered by its successor', async () => {
    const all = classify(texts);
    await sleep(5);
    await Promise.all([workers[0].terminate(), workers[1].terminate()]);
    assert.deepEqual(await all, expected);
    assert.deepEqual(await classify(texts), expected);
  });

  test('a worker that dies while it rests is replaced when it is needed', async () => {
    const [another, those] = await withWorkers(() => load({ worker: true }));
    await another('a joy');
    await those[0].terminate();
    assert.deepEqual(await another(texts.slice(0, 3)), expected.slice(0, 3));
    await another.dispose();
  });

  test('a worker whose model is gone says so, and is tried again', async () => {
    const { 'model.safetensors': weights, ...small } = tinyModel();
    let isGone = false;
    const blob = new Blob([weights]);
    const { slice } = blob;
    blob.slice = (...args) => {
      if (isGone) throw new Error('the disk is gone');
      return slice.apply(blob, args);
    };
    const [another, those] = await withWorkers(() =>
      pipeline('sentiment-analysis', { files: { ...small, 'model.safetensors': blob } }, { worker: true }),
    );
    isGone = true;
    await those[0].terminate();
    await assert.rejects(another('a joy'), { code: 'read_failed', message: /the disk is gone/ });
    isGone = false;
    assert.equal((await another('a joy')).length, 1);
    await another.dispose();
  });

  test('dispose() while a worker is replaced', async () => {
    const [another, those] = await withWorkers(() => load({ workers: 2 }));
    await those[0].terminate();
    const calls = [another('a'), another('b'), another('c')];
    await sleep(1);
    await another.dispose();
    // One that was quick enough may have its answer.
    for (const { reason } of await Promise.allSettled(calls))
      assert.ok(reason === undefined || reason.code === 'disposed');
  });
});

describe('streams', () => {
  let classify;
  before(async () => (classify = await load({ workers: 2 })));
  after(() => classify.dispose());

  test('an async iterable, in order, with the inputs', async () => {
    async function* source() {
      for (const [i, text] of texts.entries()) {
        if (i % 50 === 0) await sleep(1);
        yield i % 2 === 0 ? text : { text };
      }
    }
    const streamed = await gather(classify.stream(source()));
    assert.deepEqual(
      streamed.map(({ output }) => output),
      expected,
    );
    assert.equal(streamed[0].input, texts[0]);
    assert.deepEqual(streamed[1].input, { text: texts[1] });
    for await (const { output } of classify.stream(['a joy'], { top_k: null })) assert.equal(output.length, 2);
  });

  test('it reads no further than it needs to, and waits for whoever takes the answers', async () => {
    let read = 0;
    let isClosed = false;
    function* endless() {
      try {
        for (;;) yield `a joy ${read++}`;
      } finally {
        isClosed = true;
      }
    }
    let taken = 0;
    for await (const { input } of classify.stream(endless())) {
      assert.equal(input, `a joy ${taken}`);
      if (taken % 100 === 0) await sleep(5);
      if (++taken === 600) break;
    }
    assert.ok(read - taken <= 300, `${read} read, ${taken} taken`);
    assert.ok(isClosed);
  });

  test('each answer comes as soon as it is there, however long the next text takes', async () => {
    let write;
    const written = new Promise((resolve) => (write = resolve));
    async function* slow() {
      yield 'a joy';
      await written;
      yield 'dull';
    }
    const stream = classify.stream(slow());
    assert.equal((await stream.next()).value.input, 'a joy');
    write();
    assert.equal((await stream.next()).value.input, 'dull');
    assert.equal((await stream.next()).done, true);
  });

  test('it is a transform of Node streams', async () => {
    const outputs = [];
    await flow(Readable.from(texts), classify.stream, async (answers) => {
      for await (const { output } of answers) outputs.push(output);
    });
    assert.deepEqual(outputs, expected);
    const transform = Duplex.from((source) => classify.stream(source, { speedup: 1 }));
    const piped = await Readable.from(texts).compose(transform).toArray();
    assert.deepEqual(
      piped.map(({ output }) => output),
      expected,
    );
  });

  test('what fails comes behind what was there before', async () => {
    async function* broken() {
      yield 'a joy';
      yield 'dull';
      throw new Error('no more lines');
    }
    const seen = [];
    const reading = (async () => {
      for await (const { input } of classify.stream(broken())) seen.push(input);
    })();
    await assert.rejects(reading, /no more lines/);
    assert.deepEqual(seen, ['a joy', 'dull']);
    await assert.rejects(gather(classify.stream(['a', 5])), TypeError);
    await assert.rejects(gather(classify.stream(5)), TypeError);
    const signal = AbortSignal.abort();
    await assert.rejects(gather(classify.stream(['a'], { signal })), { name: 'AbortError' });
  });
});

test('maxPending: calls beyond it are turned away, streams wait', async () => {
  const classify = await load({ workers: 2, maxPending: 3 });
  const calls = texts.slice(0, 5).map((text) => classify(text));
  const settled = await Promise.allSettled(calls);
  assert.deepEqual(
    settled.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'],
  );
  assert.equal(settled[3].reason.code, 'overloaded');
  assert.equal((await gather(classify.stream(texts))).length, texts.length);
  assert.deepEqual(await classify(texts), expected);
  await classify.dispose();
});

test('options of pools', async () => {
  for (const options of [{ workers: 0 }, { workers: 1.5 }, { maxPending: 0 }]) {
    await assert.rejects(load(options), RangeError);
  }
  for (const options of [{ workers: '2' }, { maxPending: true }, { workers: 2, worker: false }]) {
    await assert.rejects(load(options), TypeError);
  }
});
