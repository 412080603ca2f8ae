// The native addon beside WebAssembly: the same answers, errors and stats, and what runs where there is no addon. The other tests
// run with it, too, where LATFORMER_ADDON names it (scripts/test.mjs).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pipeline } from 'latformer';
import { tinyModel } from '../support/tiny_model.mjs';

const built = fileURLToPath(new URL('../../../build/release/bindings/addon/latformer.node', import.meta.url));
const addon = process.env.LATFORMER_ADDON ?? built;
const gpt2 = fileURLToPath(new URL('../../parity/models/gpt2-tied-f32', import.meta.url));
const texts = ['a joy from start to finish .', 'dull', 'the film is long , and nobody knows why . '.repeat(20)];

/** Runs `work` while LATFORMER_ADDON is `path`. */
async function withAddon(path, work) {
  const kept = process.env.LATFORMER_ADDON;
  process.env.LATFORMER_ADDON = path;
  try {
    return await work();
  } finally {
    if (kept === undefined) delete process.env.LATFORMER_ADDON;
    else process.env.LATFORMER_ADDON = kept;
  }
}

const load = (task, model, options) => withAddon(addon, () => pipeline(task, model, options));

describe('the native addon', { skip: !existsSync(addon) && 'it is not built' }, () => {
  for (const [name, model, options] of [
    ['f32', { files: tinyModel() }, {}],
    ['int8, in this thread', { files: tinyModel() }, { dtype: 'q8', worker: false }],
    ['the bundled model, two threads', undefined, { threads: 2 }],
  ]) {
    describe(name, () => {
      let native;
      let wasm;
      before(async () => {
        native = await load('text-classification', model, { ...options, device: 'native' });
        wasm = await load('text-classification', model, { ...options, device: 'wasm' });
      });
      after(() => Promise.all([native.dispose(), wasm.dispose()]));

      test('info tells which runs', () => {
        assert.equal(native.info.binary, 'latformer.node');
        assert.match(wasm.info.binary, /\.wasm$/);
        assert.deepEqual(native.info.notes, []);
        const { binary, kernels, ...same } = native.info;
        assert.ok(binary && kernels);
        for (const [key, value] of Object.entries(same)) {
          if (key !== 'threads') assert.deepEqual(value, wasm.info[key], key);
        }
      });

      // In int8 the last bit of an f32 (sums of vectors of another width, fused or not) may round an activation to the next
      // integer, and words of equal score to another order.
      test('answers as WebAssembly does, at every speedup', async () => {
        const isExact = wasm.info.dtype === 'fp32';
        const counted = ['tokens', 'macs', 'tokens_per_layer', 'achieved_speedup', 'windows'];
        for (const speedup of [1, 2]) {
          const call = { top_k: null, stats: true, long_text: 'windows', speedup };
          const [ours, theirs] = [await native(texts, call), await wasm(texts, call)];
          ours.forEach((answer, i) => {
            const [stats, expected] = [answer[0].stats, theirs[i][0].stats];
            assert.deepEqual(Object.keys(stats), Object.keys(expected));
            for (const key of isExact ? [...counted, 'kept'] : counted) {
              if (key === 'windows' && !isExact) assert.equal(stats.windows?.length, expected.windows?.length);
              else assert.deepEqual(stats[key], expected[key], `${key} of text ${i}`);
            }
            answer.forEach(({ label, score }, k) => {
              assert.equal(label, theirs[i][k].label);
              const tolerance = isExact ? 1e-5 : speedup === 1 ? 2e-3 : 1e-2;
              assert.ok(Math.abs(score - theirs[i][k].score) <= tolerance, `${score} is not ${theirs[i][k].score}`);
            });
          });
        }
      });

      test('a signal ends a call, and the next one answers', async () => {
        const controller = new AbortController();
        const call = native(Array(500).fill(texts[2]), { signal: controller.signal });
        setTimeout(() => controller.abort(), 5);
        await assert.rejects(call, { name: 'AbortError' });
        assert.equal((await native(texts[0])).length, 1);
      });
    });
  }

  test('generates the same text, in pieces', async () => {
    const run = async (device) => {
      const generate = await load('text-generation', gpt2, { device });
      const whole = await generate('Once upon a time', { max_new_tokens: 12 });
      const sampled = await generate('a', { max_new_tokens: 12, do_sample: true, seed: 7 });
      let streamed = '';
      for await (const piece of generate.stream('Once upon a time', { max_new_tokens: 12 })) streamed += piece;
      assert.equal(`Once upon a time${streamed}`, whole[0].generated_text);
      await generate.dispose();
      return [whole, sampled, streamed];
    };
    assert.deepEqual(await run('native'), await run('wasm'));
  });

  test('a worker that is ended in the middle of a call takes nothing along', async () => {
    for (let i = 0; i < 10; ++i) {
      const classify = await load('text-classification', { files: tinyModel() }, { device: 'native', worker: true });
      const call = assert.rejects(classify(Array(500).fill(texts[2])), { code: 'disposed' });
      await new Promise((resolve) => setTimeout(resolve, 3 * i));
      await classify.dispose();
      await call;
    }
  });

  test('LATFORMER_KERNELS names the instruction set that runs', () => {
    const kernelsWith = (wanted) => {
      const script = `
        const { pipeline } = await import('latformer');
        const options = { device: 'native', worker: false };
        console.log((await pipeline('sentiment-analysis', null, options)).info.kernels);`;
      const env = { ...process.env, LATFORMER_ADDON: addon, LATFORMER_KERNELS: wanted };
      return execFileSync(process.execPath, ['--input-type=module', '-e', script], { env, encoding: 'utf8' }).trim();
    };
    assert.equal(kernelsWith('scalar'), 'scalar');
    assert.notEqual(kernelsWith(''), 'scalar');
    assert.throws(
      () => kernelsWith('no such'),
      /unsupported_runtime[^]*LATFORMER_KERNELS: this processor can run no "no such", but scalar, /,
    );
  });

  test('errors have the same codes and messages', async () => {
    const broken = { ...tinyModel(), 'model.safetensors': new Uint8Array(100) };
    const errors = [];
    for (const device of ['native', 'wasm']) {
      const error = await load('text-classification', { files: broken }, { device }).catch((reason) => reason);
      errors.push([error.code, error.message]);
    }
    assert.deepEqual(errors[0], errors[1]);
    const disposed = await load('text-classification', { files: tinyModel() }, { device: 'native' });
    await disposed.dispose();
    await assert.rejects(disposed('a'), { code: 'disposed' });
  });
});

describe('where the addon does not load', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latformer-addon-'));
  after(() => rmSync(folder, { recursive: true }));
  const damaged = join(folder, 'latformer.node');
  writeFileSync(damaged, 'no addon');

  for (const worker of [true, false]) {
    test(`WebAssembly runs and says why; worker: ${worker}`, async () => {
      const model = { files: tinyModel() };
      const classify = await withAddon(damaged, () => pipeline('text-classification', model, { worker }));
      assert.match(classify.info.binary, /\.wasm$/);
      assert.match(classify.info.notes[0], /^runs as WebAssembly: cannot load the addon: /);
      assert.equal((await classify('a')).length, 1);
      await classify.dispose();
    });

    test(`whoever asked for it gets an error; worker: ${worker}`, async () => {
      const loading = withAddon(damaged, () =>
        pipeline('text-classification', { files: tinyModel() }, { worker, device: 'native' }),
      );
      await assert.rejects(loading, { code: 'unsupported_runtime', message: /cannot load the addon/ });
    });
  }

  test('device native excludes what is of WebAssembly', async () => {
    const options = { device: 'native', kernels: 'base' };
    await assert.rejects(pipeline('text-classification', { files: tinyModel() }, options), TypeError);
  });
});
