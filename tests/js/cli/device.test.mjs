// The `latformer` command by --device: what the addon answers, and what is said where it cannot run.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pipeline } from 'latformer';
import { latformer, parseLines, scratch } from '../support/cli.mjs';

const at = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const addon = process.env.LATFORMER_ADDON ?? at('../build/release/bindings/addon/latformer.node');
const gpt2 = at('parity/models/gpt2-tied-f32');
const embedder = at('parity/embeddings/models/mean');
const texts = ['a joy from start to finish', 'dull', '', 'naïve 東京 🎬'];
const input = `${texts.join('\n')}\n`;

const { write, writeModel } = await scratch();
const model = await writeModel('model');
const damaged = await write('latformer.node', 'no addon');

const run = (args, given = '', path = addon) =>
  latformer(args, given, { env: { ...process.env, LATFORMER_ADDON: path } });

async function answers(args, given) {
  const { code, stdout, stderr } = await run(args, given);
  assert.deepEqual([code, stderr], [0, '']);
  return stdout;
}

async function fails(args, code, message, path) {
  const result = await run(args, 'a\n', path);
  assert.deepEqual([result.code, result.stdout], [code, '']);
  assert.match(result.stderr, message);
  assert.doesNotMatch(result.stderr, /\n\s+at /, 'no stack trace');
}

describe('--device native', { skip: !existsSync(addon) && 'the addon is not built' }, () => {
  /** What the API answers natively. */
  const native = async (task, folder, ...call) => {
    process.env.LATFORMER_ADDON = addon;
    const ask = await pipeline(task, folder, { device: 'native' });
    const answer = await ask(...call);
    await ask.dispose();
    return answer;
  };

  test('inspect tells that the addon runs, and wasm that it does not', async () => {
    const kernels = async (device) =>
      JSON.parse(await answers(['inspect', '--kernels', '--json', '--device', device, model]));
    assert.equal((await kernels('native')).binary, 'latformer.node');
    assert.equal((await kernels('auto')).binary, 'latformer.node');
    assert.match((await kernels('wasm')).binary, /\.wasm$/);
    const shown = await answers(['inspect', '--kernels', '--device', 'native', model]);
    assert.doesNotMatch(shown, /relaxed SIMD/, 'which is of WebAssembly');
  });

  test('classify, in one worker and in several', async () => {
    const expected = await native('text-classification', model, texts);
    for (const more of [[], ['--workers', '2', '--batch', '1'], ['--threads', '2']]) {
      const lines = parseLines(await answers(['classify', '--model', model, '--device', 'native', ...more], input));
      assert.deepEqual(
        lines,
        texts.map((text, i) => ({ text, ...expected[i] })),
      );
    }
  });

  test('embed', async () => {
    const expected = await native('feature-extraction', embedder, texts);
    const lines = parseLines(await answers(['embed', '--model', embedder, '--device', 'native'], input));
    assert.deepEqual(
      lines.map(({ embedding }) => Math.fround(embedding[0])),
      expected.tolist().map(([first]) => first),
    );
  });

  test('generate', async () => {
    const options = { max_new_tokens: 12, return_full_text: false };
    const [{ generated_text }] = await native('text-generation', gpt2, 'Once upon a time', options);
    const asked = ['generate', '--model', gpt2, '--device', 'native', '--max-new-tokens', '12'];
    assert.equal(await answers([...asked, 'Once upon a time']), `${generated_text}\n`);
  });

  test('what is wrong with a model or a question is said as ever', async () => {
    const broken = await writeModel('broken');
    await write('broken/model.safetensors', 'x'.repeat(100));
    await fails(['classify', '--model', broken, '--device', 'native'], 1, /model\.safetensors.*\(bad_model\)/);
    await fails(['classify', '--model', model, '--device', 'native', '--speedup', '99'], 2, /maximum/);
  });
});

describe('where the addon does not load', () => {
  test('native is an error, auto runs WebAssembly, and inspect has the reason', async () => {
    for (const command of [['classify'], ['embed', '--model', embedder], ['generate', '--model', gpt2]]) {
      await fails([...command, '--device', 'native'], 1, /cannot load the addon: .*\(unsupported_runtime\)/, damaged);
    }
    const { code, stdout } = await run(['inspect', '--kernels', model], '', damaged);
    assert.equal(code, 0);
    assert.match(stdout, /binary +latformer.*\.wasm/);
    assert.match(stdout, /note +runs as WebAssembly: cannot load the addon: /);
  });

  test('a device that there is not', () => fails(['classify', '--device', 'gpu'], 2, /--device must be auto or wasm/));
});
