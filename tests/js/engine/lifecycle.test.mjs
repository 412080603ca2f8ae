// Queue, cancelling, disposal, and what happens when the engine runs out of memory or breaks.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { getEventListeners, once } from 'node:events';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { LatformerError, pipeline } from 'latformer';
import { threadCounts } from '../support/binaries.mjs';
import { tinyModel } from '../support/tiny_model.mjs';
import { withWorkers } from '../support/workers.mjs';

const text = 'a joy from start to finish';
const files = tinyModel();
const long = Array.from({ length: 3000 }, () => `${text} . `.repeat(5));
const disposed = { name: 'LatformerError', code: 'disposed' };
const aborted = { name: 'AbortError' };
const turn = () => new Promise((resolve) => setImmediate(resolve));

// What a script of another realm may bring: none of our classes, an event without a target, no reason.
const foreignController = `
  const listeners = new Set();
  const signal = {
    aborted: false,
    addEventListener: (type, listener) => listeners.add(listener),
    removeEventListener: (type, listener) => listeners.delete(listener),
  };
  const abort = () => {
    signal.aborted = true;
    for (const listener of listeners) listener({ type: 'abort' });
  };
  ({ signal, abort, listeners });
`;

for (const [worker, threads] of [false, true].flatMap((worker) => threadCounts.map((threads) => [worker, threads]))) {
  describe(`${worker ? 'in a worker' : 'in this thread'}, threads: ${threads}`, () => {
    let classify;
    beforeEach(async () => (classify = await pipeline('sentiment-analysis', { files }, { worker, threads })));
    afterEach(() => classify.dispose());

    test('64 calls at once are answered in order', async () => {
      const order = [];
      const calls = Array.from({ length: 64 }, async (_, i) => {
        const speedup = 1 + (i % 5);
        const [{ stats }] = await classify('good '.repeat(i % 20), { speedup, stats: true });
        order.push(i);
        assert.equal(stats.requested_speedup, speedup);
        assert.equal(stats.tokens, 2 + (i % 20));
      });
      await Promise.all(calls);
      assert.deepEqual(
        order,
        [...order].sort((a, b) => a - b),
      );
    });

    test('a call that fails does not hold up the others', async () => {
      const pair = { text, text_pair: text };
      const calls = [classify(text), classify(pair, { long_text: 'windows' }), classify(5), classify(text)];
      const settled = await Promise.allSettled(calls);
      assert.deepEqual(
        settled.map(({ status }) => status),
        ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
      );
    });

    test('a signal cancels before, while waiting, and while running', async () => {
      await assert.rejects(classify(text, { signal: AbortSignal.abort() }), aborted);

      const running = new AbortController();
      const waiting = new AbortController();
      const first = classify(long, { signal: running.signal });
      const second = classify(text, { signal: waiting.signal });
      const third = classify(text);
      waiting.abort();
      await assert.rejects(second, aborted);
      await turn(); // the first batches run
      running.abort();
      await assert.rejects(first, aborted);
      assert.equal((await third).length, 1);
      assert.equal((await classify(text)).length, 1);
    });

    test('the reason of a signal is what the call rejects with', async () => {
      const reason = new Error('changed my mind');
      await assert.rejects(classify(text, { signal: AbortSignal.abort(reason) }), reason);
      await assert.rejects(classify(long, { signal: AbortSignal.timeout(1) }), { name: 'TimeoutError' });
      assert.equal((await classify(text)).length, 1);
    });

    test('a signal of another realm cancels as well', async () => {
      const foreign = () => runInNewContext(foreignController);
      const early = foreign();
      early.abort();
      await assert.rejects(classify(text, { signal: early.signal }), aborted);
      const running = foreign();
      const waiting = foreign();
      const first = classify(long, { signal: running.signal });
      const second = classify(text, { signal: waiting.signal });
      const third = classify(text, { signal: waiting.signal });
      waiting.abort();
      await Promise.all([assert.rejects(second, aborted), assert.rejects(third, aborted)]);
      await turn();
      running.abort();
      await assert.rejects(first, aborted);
      const loading = pipeline('sentiment-analysis', { files }, { worker, threads, signal: early.signal });
      await assert.rejects(loading, aborted);
      const unused = foreign();
      assert.equal((await classify(text, { signal: unused.signal })).length, 1);
      assert.equal(unused.listeners.size, 0);
    });

    test('a signal of a finished call changes nothing', async () => {
      const controller = new AbortController();
      await classify(text, { signal: controller.signal });
      controller.abort();
      assert.equal((await classify(text)).length, 1);
    });

    test('the event loop turns while a long call runs', async () => {
      let turns = 0;
      let isRunning = true;
      const count = () => {
        ++turns;
        if (isRunning) setImmediate(count);
      };
      count();
      await classify(long.slice(0, 500));
      isRunning = false;
      assert.ok(turns > 20, `${turns} turns`);
    });

    test('after dispose() calls reject; it may be called twice', async () => {
      await classify.dispose();
      await classify.dispose();
      await assert.rejects(classify(text), disposed);
      await assert.rejects(classify([]), disposed);
      await assert.rejects(classify(5), TypeError);
    });

    test('dispose() ends calls that wait and run', async () => {
      const calls = [classify(long), classify(text), classify(text)];
      await turn();
      classify.dispose();
      for (const call of calls) await assert.rejects(call, disposed);
      const another = await pipeline('sentiment-analysis', { files }, { worker, threads });
      assert.equal((await another(text)).length, 1);
      another.dispose();
    });

    test('dispose() right after a call', async () => {
      const call = classify(text);
      classify.dispose();
      await assert.rejects(call, disposed);
    });

    test('it is disposable by the language', async () => {
      assert.equal(typeof classify[Symbol.dispose], 'function');
      assert.equal(classify[Symbol.dispose](), undefined);
      await assert.rejects(classify(text), disposed);
      const another = await pipeline('sentiment-analysis', { files }, { worker });
      await another[Symbol.asyncDispose]();
      await assert.rejects(another(text), disposed);
    });

    test('pipelines do not share their settings', async () => {
      const another = await pipeline('sentiment-analysis', { files: tinyModel({ seed: 2 }) }, { worker });
      another.setSpeedup(4);
      assert.equal(classify.getSpeedup(), 1);
      const [[a], [b]] = await Promise.all([classify(text), another(text)]);
      assert.notEqual(a.score, b.score);
      another.dispose();
      assert.deepEqual(await classify(text), [a]);
    });
  });
}

test('many calls wait without many listeners, and a signal keeps none', async () => {
  const warnings = [];
  const onWarning = (warning) => warnings.push(String(warning));
  process.on('warning', onWarning);
  const classify = await pipeline('sentiment-analysis', { files });
  const { signal } = new AbortController();
  const cancelling = new AbortController();
  const listeners = () => [signal, cancelling.signal].map((each) => getEventListeners(each, 'abort').length);
  const calls = Array.from({ length: 30 }, () => classify(text, { signal }));
  const cancelled = Array.from({ length: 30 }, () => classify(text, { signal: cancelling.signal }));
  assert.deepEqual(listeners(), [1, 1]);
  cancelling.abort();
  for (const call of cancelled) await assert.rejects(call, aborted);
  await Promise.all(calls);
  assert.deepEqual(listeners(), [0, 0]);

  await classify(text, { signal }); // whoever comes later listens again
  const waiting = Array.from({ length: 30 }, () => classify(text));
  classify.dispose();
  for (const call of waiting) await assert.rejects(call, disposed);
  await turn();
  process.off('warning', onWarning);
  assert.deepEqual(warnings, []);
});

test('an idle pipeline does not keep the process alive, a busy one does', () => {
  const source = (worker) => `
    import { pipeline } from 'latformer';
    import { tinyModel } from './tests/js/support/tiny_model.mjs';
    const classify = await pipeline('sentiment-analysis', { files: tinyModel() }, { worker: ${worker} });
    classify('a joy').then(([{ label }]) => console.log(label));`;
  for (const worker of [false, true]) {
    const args = ['--input-type=module', '--eval', source(worker)];
    const cwd = new URL('../../..', import.meta.url);
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, timeout: 20_000, encoding: 'utf8' });
    assert.equal(stderr, '');
    assert.equal(status, 0);
    assert.match(stdout, /^(POSITIVE|NEGATIVE)\n$/);
  }
});

// The engine's imports from JavaScript, with a switch: what a device with little memory or a defect would do.
async function pipelineWithFaults(fault) {
  const { instantiate } = WebAssembly;
  WebAssembly.instantiate = (module, imports) => {
    const wrapped = {};
    for (const [space, functions] of Object.entries(imports)) {
      wrapped[space] = {};
      for (const [name, original] of Object.entries(functions)) {
        wrapped[space][name] = typeof original === 'function' ? (...args) => fault(original, args) : original;
      }
    }
    return instantiate(module, wrapped);
  };
  try {
    return await pipeline('sentiment-analysis', { files }, { worker: false });
  } finally {
    WebAssembly.instantiate = instantiate;
  }
}

test('a binary that links but is not ours is told', { timeout: 20_000 }, async () => {
  const loading = pipelineWithFaults(
    (original, args) => (/Use 'new' to construct/.test(original) ? undefined : original(...args)), // what registers a class
  );
  await assert.rejects(loading, { code: 'unsupported_runtime', message: /not one of this version/ });
});

test('running out of memory is an error, and the pipeline works on', { timeout: 60_000 }, async () => {
  let growthsLeft = Infinity;
  const { grow } = WebAssembly.Memory.prototype;
  after(() => (WebAssembly.Memory.prototype.grow = grow));
  WebAssembly.Memory.prototype.grow = function (pages) {
    if (--growthsLeft < 0) throw new RangeError('no more of it');
    return grow.call(this, pages);
  };
  const classify = await pipeline('sentiment-analysis', { files }, { worker: false });
  const expected = await classify(text);
  let failures = 0;
  for (let growths = 0; growths < 8; ++growths) {
    growthsLeft = growths;
    try {
      // Larger each time, because memory that was gained stays.
      await classify('a b '.repeat((growths + 2) * 1e5), { long_text: 'windows' });
    } catch (error) {
      assert.ok(error instanceof LatformerError);
      assert.equal(error.code, 'out_of_memory');
      ++failures;
    }
    assert.deepEqual(await classify(text), expected);
  }
  assert.ok(failures > 0);
  growthsLeft = Infinity;
  assert.deepEqual(await classify(text), expected);
  classify.dispose();
});

test('an instance that broke says so to every call, and never hangs', async () => {
  let isBroken = false;
  const classify = await pipelineWithFaults((original, args) => {
    if (isBroken) throw new WebAssembly.RuntimeError('unreachable');
    return original(...args);
  });
  await classify(text);
  isBroken = true;
  const calls = [classify(text), classify(text)];
  for (const call of calls) await assert.rejects(call, { code: 'internal', message: /unreachable.*new pipeline/ });
  isBroken = false;
  await assert.rejects(classify(text), { code: 'internal' });
  await assert.rejects(classify(5), TypeError);
  classify.dispose();
  await assert.rejects(classify(text), disposed);
});

test('a thread that dies is an error with a code, and others go on', { timeout: 30_000 }, async () => {
  if (!threadCounts.includes(2)) return;
  const other = await pipeline('sentiment-analysis', { files }, { worker: true, threads: 2 });
  const expected = await other(text);
  const [classify, workers] = await withWorkers(() =>
    pipeline('sentiment-analysis', { files }, { worker: false, threads: 2 }),
  );
  assert.deepEqual(await classify(text), expected);
  const exit = once(workers[0], 'exit');
  await Promise.all([workers[0].terminate(), exit]);
  await assert.rejects(classify(text), { code: 'internal', message: /stopped/ });
  await classify.dispose();
  assert.deepEqual(await other(text), expected);
  await other.dispose();
});
