// Calibration and latency budgets: the interface, what is kept, what is refused. How well a budget is held is a timing,
// and no test (bench/latency.mjs).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import os, { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { pipeline } from 'latformer';
import { shape, tinyModel } from '../support/tiny_model.mjs';

const files = tinyModel();
const text = 'a joy from start to finish , not a dull film .';
const load = (options) => pipeline('text-classification', { files }, options);
const statsOf = async (classify, options) => (await classify(text, { stats: true, ...options }))[0].stats;

let cache;
const kept = () => join(cache, 'latformer/calibrations');
before(() => (cache = process.env.XDG_CACHE_HOME = mkdtempSync(join(tmpdir(), 'latformer-cache-'))));
afterEach(() => rmSync(join(cache, 'latformer'), { recursive: true, force: true }));
after(() => rmSync(cache, { recursive: true }));

for (const worker of [false, true]) {
  describe(worker ? 'in a worker' : 'in this thread', () => {
    let classify;
    beforeEach(async () => (classify = await load({ worker })));
    afterEach(() => classify.dispose());

    test('calibrate() tells how long texts take, and measures once', async () => {
      const measured = await classify.calibrate();
      assert.equal(measured.source, 'measured');
      assert.deepEqual(
        measured.texts.map(({ tokens }) => tokens),
        [16, 32],
      );
      assert.ok(measured.texts.every(({ milliseconds }) => milliseconds > 0));
      assert.deepEqual(await classify.calibrate(), { source: 'cache', texts: measured.texts });
      const another = await load({ worker });
      assert.deepEqual(await another.calibrate(), { source: 'cache', texts: measured.texts });
      another.dispose();
      assert.equal((await classify.calibrate({ fresh: true })).source, 'measured');
    });

    test('answers at speedup 1 stay as they are', async () => {
      const before = await classify(text, { top_k: null });
      await classify.calibrate();
      assert.deepEqual(await classify(text, { top_k: null }), before);
    });

    test('a budget decides what is kept', async () => {
      const ready = classify.setLatencyBudget(1e6);
      assert.equal(classify.getLatencyBudget(), 1e6);
      await ready;
      const ample = await statsOf(classify);
      assert.equal(ample.latency_budget, 1e6);
      assert.equal(ample.within_budget, true);
      assert.equal(ample.requested_speedup, null);
      assert.equal(ample.achieved_speedup, 1);
      assert.ok(ample.predicted_milliseconds > 0 && ample.predicted_milliseconds <= 1e6);
      assert.ok(ample.milliseconds > 0);

      const scarce = await statsOf(classify, { latency_budget: 1e-6 });
      assert.equal(scarce.latency_budget, 1e-6);
      assert.equal(scarce.within_budget, false);
      assert.ok(scarce.predicted_milliseconds > 1e-6);
      assert.ok(scarce.achieved_speedup > 1);
      assert.ok(scarce.macs < ample.macs);
      // Never beyond what the model was validated for.
      assert.ok(ample.macs / scarce.macs >= 1 && classify.getLatencyBudget() === 1e6);
      const other = await load({ worker });
      const fastest = await statsOf(other, { speedup: other.maxSpeedup });
      assert.deepEqual(scarce.tokens_per_layer, fastest.tokens_per_layer);
      other.dispose();
    });

    test('a call that was cancelled while it waited does not calibrate', async () => {
      const controller = new AbortController();
      const first = classify(Array.from({ length: 200 }, () => text));
      const second = classify(text, { latency_budget: 1e6, signal: controller.signal });
      controller.abort();
      await assert.rejects(second, { name: 'AbortError' });
      await first;
      await classify(text);
      assert.equal((await classify.calibrate()).source, 'measured');
    });

    test('calibrate() is cancelled by a signal, and the pipeline works on', async () => {
      await assert.rejects(classify.calibrate({ signal: AbortSignal.abort() }), { name: 'AbortError' });
      const controller = new AbortController();
      const first = classify(Array.from({ length: 200 }, () => text));
      const waiting = classify.calibrate({ signal: controller.signal });
      const reason = new Error('changed my mind');
      controller.abort(reason);
      await assert.rejects(waiting, reason);
      await first;
      assert.equal((await statsOf(classify)).predicted_milliseconds, null);
      const unused = new AbortController().signal;
      assert.equal((await classify.calibrate({ signal: unused })).source, 'measured');
      const running = new AbortController();
      const again = classify.calibrate({ fresh: true, signal: running.signal });
      setTimeout(() => running.abort(), 5);
      const ended = await again.catch(({ name }) => name); // without a worker it may be done first
      assert.ok(ended === 'AbortError' || (!worker && ended.source === 'measured'));
      assert.equal((await classify(text)).length, 1);
      assert.equal((await classify.calibrate({ signal: null })).source, 'cache');
    });

    test('a budget of one call calibrates by itself', async () => {
      const stats = await statsOf(classify, { latency_budget: 1e6 });
      assert.equal(stats.within_budget, true);
      assert.equal(classify.getLatencyBudget(), null);
      assert.equal((await classify.calibrate()).source, 'cache');
    });

    test('every text of an array, and all windows of a text, have the budget', async () => {
      const long = 'a joy from start to finish . '.repeat(20);
      const options = { latency_budget: 1e6, stats: true, long_text: 'windows' };
      const results = await classify([text, long, ''], options);
      for (const { stats } of results) {
        assert.equal(stats.within_budget, true);
        assert.equal(stats.achieved_speedup, 1);
      }
      const [{ stats }] = await classify(long, { ...options, latency_budget: 1e-6 });
      assert.equal(stats.within_budget, false);
      assert.ok(stats.tokens > shape.positions);
    });

    test('setSpeedup, null and a speedup of one call put the budget aside', async () => {
      classify.setSpeedup(2);
      classify.setLatencyBudget(1e6);
      assert.equal((await statsOf(classify)).latency_budget, 1e6);
      assert.equal((await statsOf(classify, { speedup: 3 })).requested_speedup, 3);
      assert.equal((await statsOf(classify, { latency_budget: null })).requested_speedup, 2);
      classify.setLatencyBudget(null);
      assert.equal(classify.getLatencyBudget(), null);
      assert.equal((await statsOf(classify)).requested_speedup, 2);
      classify.setLatencyBudget(1e6);
      classify.setSpeedup(1);
      assert.equal(classify.getLatencyBudget(), null);
      const stats = await statsOf(classify);
      assert.equal(stats.latency_budget, null);
      assert.equal(stats.within_budget, null);
      assert.ok(stats.predicted_milliseconds > 0); // it is calibrated all the same
    });

    test('dispose() while it calibrates', async () => {
      const calibration = classify.calibrate();
      const ready = classify.setLatencyBudget(5);
      classify.dispose();
      await assert.rejects(calibration, { code: 'disposed' });
      await assert.rejects(ready, { code: 'disposed' });
      await assert.rejects(classify.calibrate(), { code: 'disposed' });
    });
  });
}

test('without calibration nothing is predicted', async () => {
  const classify = await load();
  const stats = await statsOf(classify, { speedup: 2 });
  assert.equal(stats.predicted_milliseconds, null);
  assert.equal(stats.latency_budget, null);
  assert.ok(stats.achieved_speedup >= 2);
  classify.dispose();
});

test('{ calibrate: true } calibrates before the pipeline is handed out', async () => {
  const classify = await load({ calibrate: true });
  assert.equal(readdirSync(kept()).length, 1);
  assert.ok((await statsOf(classify)).predicted_milliseconds > 0);
  classify.dispose();
});

test('what is kept and damaged, foreign or not a file is made anew', async () => {
  const classify = await load();
  const { texts } = await classify.calibrate();
  const [name] = readdirSync(kept());
  const path = join(kept(), name);
  const good = readFileSync(path, 'utf8');
  const { identity, calibration } = JSON.parse(good);
  assert.equal(identity.model.num_hidden_layers, shape.layers);

  const damages = [
    '',
    'null',
    '[]',
    '{"identity":{}}',
    good.slice(0, -10),
    JSON.stringify({ identity: { ...identity, device: 'another' }, calibration }),
    JSON.stringify({ identity, calibration: { ...calibration, token: -1 } }),
    JSON.stringify({ identity, calibration: { ...calibration, version: 2 } }),
    JSON.stringify({ identity, calibration: [] }),
    JSON.stringify({ identity }),
    '\u0000'.repeat(1000),
  ];
  for (const damage of damages) {
    writeFileSync(path, damage);
    const another = await load();
    assert.equal((await another.calibrate()).source, 'measured', damage);
    assert.equal((await another.calibrate()).source, 'cache');
    another.dispose();
  }
  writeFileSync(path, good);
  assert.deepEqual(await classify.calibrate(), { source: 'cache', texts });
  assert.deepEqual(readdirSync(kept()), [name], 'nothing else is left behind');
  classify.dispose();
});

test('a cache that cannot be written is none', async () => {
  writeFileSync(join(cache, 'latformer'), 'a file where the folder should be');
  const classify = await load();
  assert.equal((await classify.calibrate()).source, 'measured');
  assert.equal((await classify.calibrate()).source, 'measured');
  classify.dispose();
});

test('another model has a calibration of its own', async () => {
  const classify = await load();
  const other = await pipeline('text-classification', { files: tinyModel({ profile: { dropped: 'discard' } }) });
  await classify.calibrate();
  assert.equal((await other.calibrate()).source, 'measured');
  assert.equal(readdirSync(kept()).length, 2);
  classify.dispose();
  other.dispose();
});

describe('misuse', () => {
  let classify;
  before(async () => (classify = await load()));
  after(() => classify.dispose());

  test('budgets out of range are RangeErrors, others TypeErrors', async () => {
    for (const budget of [0, -1, NaN, Infinity, -Infinity]) {
      assert.throws(() => classify.setLatencyBudget(budget), RangeError);
      await assert.rejects(classify(text, { latency_budget: budget }), RangeError);
    }
    for (const budget of ['5', undefined, {}, true, 5n]) {
      assert.throws(() => classify.setLatencyBudget(budget), TypeError);
    }
    await assert.rejects(classify(text, { latency_budget: '5' }), TypeError);
    assert.equal(classify.getLatencyBudget(), null);
  });

  test('a speedup and a budget exclude each other', async () => {
    await assert.rejects(classify(text, { speedup: 2, latency_budget: 5 }), TypeError);
    assert.equal((await classify(text, { speedup: 2, latency_budget: null })).length, 1);
  });

  test('options of calibrate() and pipeline() are checked', async () => {
    await assert.rejects(classify.calibrate({ fresh: 1 }), TypeError);
    await assert.rejects(classify.calibrate({ cache: false }), TypeError);
    await assert.rejects(classify.calibrate({ signal: {} }), TypeError);
    await assert.rejects(load({ calibrate: 'yes' }), TypeError);
  });
});

test('a clock that stands still is told, and speedups go on by multiply-accumulates', async () => {
  const classify = await load({ worker: false });
  const { now } = performance;
  performance.now = () => 5;
  try {
    await assert.rejects(classify.calibrate(), {
      name: 'LatformerError',
      code: 'unsupported_runtime',
      message: /clock/,
    });
    await assert.rejects(classify.setLatencyBudget(5), { code: 'unsupported_runtime' });
    await assert.rejects(classify(text), { code: 'unsupported_runtime' });
  } finally {
    performance.now = now;
  }
  classify.setSpeedup(2);
  assert.ok((await statsOf(classify)).achieved_speedup >= 2);
  classify.dispose();
});

describe('where nothing can be kept', { skip: process.platform === 'win32' }, () => {
  const measures = async () => {
    const classify = await load();
    assert.equal((await classify.calibrate()).source, 'measured');
    classify.dispose();
  };

  test('without a home', async () => {
    const { homedir } = os;
    const { XDG_CACHE_HOME } = process.env;
    os.homedir = () => {
      throw Object.assign(new Error('uv_os_homedir returned ENOENT'), { code: 'ERR_SYSTEM_ERROR' });
    };
    delete process.env.XDG_CACHE_HOME;
    syncBuiltinESMExports();
    try {
      await measures();
    } finally {
      os.homedir = homedir;
      process.env.XDG_CACHE_HOME = XDG_CACHE_HOME;
      syncBuiltinESMExports();
    }
  });

  test('a pipe in the place of what is kept', { timeout: 20_000 }, async () => {
    await measures();
    const [name] = readdirSync(kept());
    rmSync(join(kept(), name));
    assert.equal(spawnSync('mkfifo', [join(kept(), name)]).status, 0);
    await measures();
  });

  test('two writers at once leave one whole file', async () => {
    const pipelines = await Promise.all(Array.from({ length: 8 }, () => load()));
    await Promise.all(pipelines.map((classify) => classify.calibrate()));
    pipelines.forEach((classify) => classify.dispose());
    assert.equal(readdirSync(kept()).length, 1);
    const classify = await load();
    assert.equal((await classify.calibrate()).source, 'cache');
    classify.dispose();
  });
});
