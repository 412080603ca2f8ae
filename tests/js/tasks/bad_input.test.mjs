// Bad input of every kind: a documented error or a right answer, and the pipeline works on afterwards.
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, afterEach, describe, test } from 'node:test';
import { pipeline } from 'latformer';
import { shape, tinyModel } from '../support/tiny_model.mjs';

const text = 'a joy from start to finish';

for (const worker of [false, true]) {
  describe(worker ? 'in a worker' : 'in this thread', () => {
    let classify;
    let expected;
    before(async () => {
      classify = await pipeline('sentiment-analysis', { files: tinyModel() }, { worker });
      expected = await classify(text, { top_k: null });
    });
    after(() => classify.dispose());
    afterEach(async () => assert.deepEqual(await classify(text, { top_k: null }), expected, 'it works on'));

    test('empty and blank texts are texts', async () => {
      const blanks = ['', ' ', '\n\t \u00a0\u3000', '\0', '\u200b\ufeff'];
      const answers = await classify(blanks, { stats: true, speedup: 3 });
      assert.deepEqual(
        answers.map(({ stats }) => stats.tokens),
        blanks.map(() => 2),
      );
      assert.equal(new Set(answers.map(({ score }) => score)).size, 1);
      assert.equal((await classify({ text: '', text_pair: '' }, { stats: true }))[0].stats.tokens, 3);
    });

    test('lone surrogates count as U+FFFD and leave their neighbours alone', async () => {
      for (const [broken, mended] of [
        ['good \ud800 film', 'good \ufffd film'],
        ['good \udc00 film', 'good \ufffd film'],
        ['\ud83d\ud83d\ude00', '\ufffd\ud83d\ude00'],
        ['film \ud800', 'film \ufffd'],
        ['\udfff', '\ufffd'],
      ]) {
        const [a, b] = await classify([broken, mended], { stats: true });
        assert.equal(a.score, b.score);
        assert.deepEqual(a.stats.words, b.stats.words);
      }
    });

    test('10 MB of text', { timeout: 60_000 }, async () => {
      const size = 10 * 2 ** 20;
      const joys = 'a joy '.repeat(size / 6);
      const [long, word] = await classify([joys, 'x'.repeat(size)], { stats: true });
      assert.equal(long.stats.tokens, shape.positions);
      assert.equal(long.stats.truncated, true);
      assert.equal(word.stats.tokens, 3, 'an over-long word is one unknown token');
      const [same] = await classify('a joy '.repeat(100));
      assert.deepEqual({ label: long.label, score: long.score }, same);
      await classify({ text: joys, text_pair: '\u{1f600}'.repeat(size / 4) });
    });

    test('what is not text is a TypeError that says where', async () => {
      const wrong = [1, 0, NaN, true, null, undefined, 1n, Symbol('s'), () => 'text', new Date(), new String('s'), {}];
      for (const value of wrong) {
        await assert.rejects(classify(value), TypeError, String(value));
        await assert.rejects(classify([text, value]), { name: 'TypeError', message: /input 1/ });
        await assert.rejects(classify({ text: value }), TypeError);
        if (value !== null && value !== undefined)
          await assert.rejects(classify({ text, text_pair: value }), TypeError);
      }
      await assert.rejects(classify(), TypeError);
      await assert.rejects(classify([[text]]), TypeError);
      await assert.rejects(classify({ text, textPair: 'x' }), { name: 'TypeError', message: /textPair/ });
      await assert.rejects(classify(new Array(3)), TypeError);
      await assert.rejects(classify(new Map([['text', text]])), TypeError);
    });

    test('an unusable speedup is a RangeError or TypeError', async () => {
      for (const speedup of [NaN, 0.5, 0, -1, 1e9, Infinity, -Infinity, 6.000001]) {
        await assert.rejects(classify(text, { speedup }), { name: 'RangeError', message: /speedup.*from 1 to 6/ });
        assert.throws(() => classify.setSpeedup(speedup), RangeError);
      }
      for (const speedup of ['2', null, true, {}, [2], 2n]) {
        await assert.rejects(classify(text, { speedup }), TypeError);
        assert.throws(() => classify.setSpeedup(speedup), TypeError);
      }
      assert.throws(() => classify.setSpeedup(), TypeError);
      assert.equal(classify.getSpeedup(), 1);
    });

    test('unusable options', async () => {
      for (const top_k of [-1, 1.5, NaN, Infinity]) await assert.rejects(classify(text, { top_k }), RangeError);
      for (const top_k of ['2', true, {}]) await assert.rejects(classify(text, { top_k }), TypeError);
      for (const long_text of ['windows ', '', 1, null]) await assert.rejects(classify(text, { long_text }), TypeError);
      for (const stats of [1, 'true', null]) await assert.rejects(classify(text, { stats }), TypeError);
      const none = { aborted: false, addEventListener: () => undefined };
      const throws = () => {
        throw new Error('hostile');
      };
      const hostile = { ...none, removeEventListener: () => undefined, addEventListener: throws };
      for (const signal of [
        none,
        hostile,
        {
          ...hostile,
          get aborted() {
            return throws();
          },
        },
      ]) {
        await assert.rejects(async () => classify(text, { signal }), TypeError);
      }
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      for (const options of [
        proxy,
        {
          get speedup() {
            return throws();
          },
        },
        new Proxy({}, { ownKeys: throws }),
      ]) {
        await assert.rejects(async () => classify(text, options), {
          name: 'TypeError',
          message: /^options cannot be read/,
        });
      }
      for (const input of [
        {
          get text() {
            return throws();
          },
        },
        Object.defineProperty(['a'], 0, { get: throws }),
      ]) {
        await assert.rejects(async () => classify(input), {
          name: 'TypeError',
          message: /^the input cannot be read: hostile/,
        });
      }
      const foreign = { aborted: true, addEventListener: () => undefined, removeEventListener: () => undefined };
      await assert.rejects(async () => classify(text, { signal: foreign }), { name: 'AbortError' });
      for (const signal of [1, {}, 'abort']) await assert.rejects(classify(text, { signal }), TypeError);
      for (const options of [1, 'speedup', [], () => 1, true]) await assert.rejects(classify(text, options), TypeError);
      await assert.rejects(classify(text, { speedUp: 2 }), { name: 'TypeError', message: /speedUp/ });
      await assert.rejects(classify(text, JSON.parse('{"__proto__": {"speedup": 2}}')), TypeError);
      await classify(text, null);
      await classify(text, { speedup: undefined, top_k: undefined, signal: null, stats: undefined });
      await classify(text, Object.create(null));
    });

    test('a polluted prototype changes nothing', async () => {
      const names = {
        speedup: '9',
        text: 'x',
        text_pair: 'x',
        files: {},
        error: {},
        top_k: -1,
        worker: 'no',
        code: 'x',
        url: 1,
      };
      Object.assign(Object.prototype, names);
      try {
        assert.deepEqual(await classify(text, { top_k: null }), expected);
        assert.equal((await classify([text])).length, 1);
        const another = await pipeline('sentiment-analysis', { files: tinyModel() }, { worker });
        assert.deepEqual(await another(text, { top_k: null }), expected);
        another.dispose();
      } finally {
        for (const name of Object.keys(names)) delete Object.prototype[name];
      }
    });

    test('options are read once, when the call is made', async () => {
      const options = { top_k: null, speedup: 1 };
      const inputs = [text, 'dull'];
      const call = classify(inputs, options);
      options.speedup = 99;
      inputs.length = 0;
      inputs.push(5);
      assert.deepEqual((await call)[0], expected);
    });

    test('pairs in windows are refused', async () => {
      const pair = { text, text_pair: text };
      await assert.rejects(classify(pair, { long_text: 'windows' }), {
        name: 'LatformerError',
        code: 'invalid_argument',
      });
      await assert.rejects(classify([text, pair], { long_text: 'windows' }), { code: 'invalid_argument' });
    });

    test('a hundred thousand texts', { timeout: 120_000 }, async () => {
      const texts = Array.from({ length: 100_000 }, (_, i) => (i % 1000 === 0 ? text : ''));
      const answers = await classify(texts, { speedup: 6 });
      assert.equal(answers.length, texts.length);
      assert.deepEqual(answers[0], (await classify(text, { speedup: 6 }))[0]);
      assert.equal(new Set(answers.map(({ score }) => score)).size, 2);
    });
  });
}

describe('pipeline()', () => {
  const files = tinyModel();
  const works = async () => {
    const classify = await pipeline('sentiment-analysis', { files });
    await classify(text);
    classify.dispose();
  };
  beforeEach(works);

  test('an unusable task', async () => {
    for (const task of ['translation', 'summarization', 'toString', '', 'constructor']) {
      await assert.rejects(pipeline(task, { files }), { name: 'LatformerError', code: 'unsupported_task' });
    }
    for (const task of [undefined, null, 1, {}]) await assert.rejects(pipeline(task, { files }), TypeError);
  });

  test('an unusable model', async () => {
    for (const model of [
      1,
      true,
      '',
      [],
      {},
      { files: null },
      { files: [] },
      { files: 'x' },
      { files, other: 1 },
      () => 1,
    ]) {
      await assert.rejects(pipeline('sentiment-analysis', model), TypeError, String(model));
    }
    for (const content of ['{}', 1, {}, [1, 2]]) {
      const model = { files: { ...files, 'config.json': content } };
      await assert.rejects(pipeline('sentiment-analysis', model), { name: 'TypeError', message: /config\.json/ });
    }
  });

  test('unusable options', async () => {
    for (const options of [
      { dtype: 'fp64' },
      { dtype: 32 },
      { progress_callback: 'log' },
      { threads: '2' },
      { worker: 1 },
      { signal: {} },
      { wasmPaths: 1 },
      { wasmBinary: 'AGFzbQ' },
      { quantised: true },
      'fp32',
      [],
    ]) {
      await assert.rejects(pipeline('sentiment-analysis', { files }, options), TypeError, JSON.stringify(options));
    }
    for (const threads of [0, -1, 1.5, NaN]) {
      await assert.rejects(pipeline('sentiment-analysis', { files }, { threads }), RangeError);
    }
  });

  test('a wasmBinary that is none', async () => {
    for (const worker of [false, true]) {
      for (const bytes of [new Uint8Array(0), new Uint8Array(100), new TextEncoder().encode('<!doctype html>')]) {
        const options = { wasmBinary: bytes, worker };
        await assert.rejects(pipeline('sentiment-analysis', { files }, options), { code: 'unsupported_runtime' });
      }
      // Sound WebAssembly, but not ours: it lacks what the glue needs.
      const empty = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
      const options = { wasmBinary: empty, worker };
      await assert.rejects(pipeline('sentiment-analysis', { files }, options), { code: 'unsupported_runtime' });
    }
    await assert.rejects(pipeline('sentiment-analysis', { files }, { wasmPaths: '/nowhere' }), { code: 'read_failed' });
  });

  test('a wasmBinary that lies about its sizes', { timeout: 10_000 }, async () => {
    const header = [0, 97, 115, 109, 1, 0, 0, 0];
    const backwards = [1, 0xfa, 0xff, 0xff, 0xff, 0x0f]; // a section of 2^32 - 6 bytes: in 32 bits, back to its beginning
    const endless = [2, 0x10, 0xff, 0xff, 0xff, 0xff, 0x07]; // a section of 2^31 - 1 imports
    for (const section of [backwards, endless]) {
      const options = { wasmBinary: new Uint8Array([...header, ...section]), worker: false };
      await assert.rejects(pipeline('sentiment-analysis', { files }, options), { code: 'unsupported_runtime' });
    }
  });

  test('wasmPaths to a folder with all that is needed, and without the worker', async () => {
    const dist = new URL('../../../dist/', import.meta.url);
    const folder = await mkdtemp(join(tmpdir(), 'latformer-test-'));
    try {
      const copy = async (...names) => {
        for (const name of names) await copyFile(new URL(name, dist), join(folder, name));
      };
      await copy('latformer.wasm.gz', 'latformer-relaxed.wasm.gz');
      const classify = await pipeline('sentiment-analysis', { files }, { wasmPaths: folder });
      assert.equal((await classify(text)).length, 1);
      assert.match(classify.info.notes.join(), /calling thread.*node-worker\.mjs/);
      classify.dispose();
      const options = { wasmPaths: folder, worker: true };
      await assert.rejects(pipeline('sentiment-analysis', { files }, options), {
        code: 'unsupported_runtime',
        message: /worker/,
      });
      if (availableParallelism() > 1) {
        const threaded = { wasmPaths: folder, threads: 2 };
        const alone = await pipeline('sentiment-analysis', { files }, threaded);
        assert.equal(alone.info.threads, 1);
        assert.match(alone.info.notes[0], /^runs on one thread: cannot start a thread .*node-worker\.mjs/);
        assert.equal((await alone(text)).length, 1);
        alone.dispose();
      }
      await copy('node-worker.mjs');
      for (const worker of [false, true]) {
        for (const threads of availableParallelism() > 1 ? [1, 2] : [1]) {
          const classify = await pipeline('sentiment-analysis', { files }, { wasmPaths: folder, threads, worker });
          assert.equal(classify.info.threads, threads);
          assert.deepEqual(classify.info.notes, []);
          assert.equal((await classify(text)).length, 1);
          classify.dispose();
        }
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
