// Which binary runs, and what is said about it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import os, { availableParallelism } from 'node:os';
import { describe, test } from 'node:test';
import { pipeline } from 'latformer';
import { binaries, hasRelaxedSimd } from '../support/binaries.mjs';
import { tinyModel } from '../support/tiny_model.mjs';

const processors = os.availableParallelism;
const files = tinyModel();
const texts = ['a joy from start to finish', 'not good', '', 'bad '.repeat(20)];

async function load(options) {
  return pipeline('sentiment-analysis', { files }, options);
}

test('relaxed SIMD of a V8 that gets it wrong is not used', { skip: hasRelaxedSimd }, () => {
  const load =
    "import { pipeline } from 'latformer'; console.log((await pipeline('sentiment-analysis')).info.binary); process.exit()";
  const { stdout } = spawnSync(
    process.execPath,
    ['--experimental-wasm-relaxed-simd', '--input-type=module', '-e', load],
    {
      encoding: 'utf8',
      cwd: import.meta.dirname,
    },
  );
  assert.equal(stdout.trim(), 'latformer.wasm');
});

test('by default: relaxed SIMD where the engine has it, one thread for a small model', async () => {
  const classify = await load({});
  const { binary, kernels, threads, dtype } = classify.info;
  assert.equal(binary, hasRelaxedSimd ? 'latformer-relaxed.wasm' : 'latformer.wasm');
  assert.match(kernels, hasRelaxedSimd ? /relaxed SIMD/ : /^WebAssembly SIMD/);
  assert.equal(threads, 1);
  assert.equal(dtype, 'fp32');
  await classify.dispose();
});

for (const worker of [false, true]) {
  describe(worker ? 'in a worker' : 'in this thread', () => {
    test('every binary gives the same answers, but for the rounding of f32', async () => {
      const expected = await (await load({ worker, kernels: 'base', threads: 1 }))(texts, { top_k: null });
      for (const options of binaries) {
        const classify = await load({ ...options, worker });
        const { kernels, threads } = options;
        assert.equal(classify.info.binary, `latformer${kernels === 'relaxed' ? '-relaxed' : ''}.wasm`);
        assert.equal(classify.info.threads, threads);
        const answers = await classify(texts, { top_k: null });
        answers.flat().forEach(({ label, score }, i) => {
          assert.equal(label, expected.flat()[i].label);
          assert.ok(Math.abs(score - expected.flat()[i].score) < 1e-5);
        });
        await classify.dispose();
      }
    });

    test('no more threads than processors', async () => {
      const classify = await load({ threads: 1000, worker });
      assert.equal(classify.info.threads, availableParallelism());
      assert.equal((await classify(texts)).length, texts.length);
      await classify.dispose();
    });

    test('no more threads than a binary can have', { timeout: 120_000 }, async () => {
      os.availableParallelism = () => 100;
      syncBuiltinESMExports();
      try {
        const classify = await load({ threads: 100, worker });
        assert.equal(classify.info.threads, 64);
        assert.equal((await classify(texts)).length, texts.length);
        await classify.dispose();
      } finally {
        os.availableParallelism = processors;
        syncBuiltinESMExports();
      }
    });

    test('dtype is what linear layers compute in', async () => {
      for (const dtype of ['fp32', 'q8', 'q4']) {
        const classify = await load({ dtype, worker });
        assert.equal(classify.info.dtype, dtype);
        assert.equal((await classify(texts)).length, texts.length);
        await classify.dispose();
      }
    });

    test('a binary that is given runs on one thread', async () => {
      const wasmBinary = await readFile(new URL('../../../dist/latformer.wasm.gz', import.meta.url));
      const classify = await load({ wasmBinary, threads: 2, worker });
      assert.deepEqual([classify.info.binary, classify.info.threads], ['wasmBinary', 1]);
      assert.equal((await classify(texts)).length, texts.length);
      await classify.dispose();
      const unlike = await readFile(new URL('../../../dist/latformer.wasm.gz', import.meta.url));
      assert.deepEqual(wasmBinary, unlike); // it is the caller's, and stays as it was
    });

    test('threads end with the pipeline, wait without work, and do not keep a process alive', () => {
      if (availableParallelism() === 1) return;
      const source = `
        import { readdirSync } from 'node:fs';
        import { pipeline } from 'latformer';
        import { tinyModel } from './tests/js/support/tiny_model.mjs';
        const count = () => readdirSync('/proc/self/task').length;
        const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
        const load = (threads) =>
          pipeline('sentiment-analysis', { files: tinyModel() }, { threads, worker: ${worker} });
        // What is left of compiling and collecting garbage may take its time on a busy machine.
        const eventually = async (probe) => {
          let value = await probe();
          for (let i = 0; i < 40 && !value.isFine; ++i) value = await probe();
          return value;
        };
        await (await load(1)).dispose();
        await pause(200);
        const before = count();
        const classify = await load(2);
        await classify('a joy');
        const threads = count() - before;
        const idle = await eventually(async () => {
          const { user, system } = process.cpuUsage();
          await pause(300);
          const used = process.cpuUsage({ user, system });
          return { isFine: used.user + used.system < 30_000 };
        });
        await classify.dispose();
        const ended = await eventually(async () => {
          await pause(50);
          return { isFine: count() <= before };
        });
        console.log(JSON.stringify({ threads, idle: idle.isFine, ended: ended.isFine }));
        await (await load(2))('a joy'); // and leaves it to the end of the process`;
      const cwd = new URL('../../..', import.meta.url);
      const args = ['--input-type=module', '--eval', source];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, timeout: 30_000, encoding: 'utf8' });
      assert.equal(stderr, '');
      assert.equal(status, 0);
      const { threads, idle, ended } = JSON.parse(stdout);
      assert.ok(threads >= 1, `${threads} threads more`);
      assert.ok(idle, 'threads without work take a tenth of the processor');
      assert.ok(ended, 'threads are left after dispose()');
    });
  });
}
