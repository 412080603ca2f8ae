// A memory that may not grow far, as on a small device: out_of_memory instead of a crash, wherever it runs out; a pipeline
// works on afterwards, and others are as they were.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LatformerError, pipeline } from 'latformer';
import { tinyModel } from '../support/tiny_model.mjs';

const pages = (megabytes) => megabytes * 16;
const text = 'A joy from start to finish.';

/** A pipeline in this thread whose memory ends at so many megabytes. */
const pipelineWithin = (megabytes, model) => within(megabytes, 'sentiment-analysis', model);

async function within(megabytes, task, model) {
  const { Memory } = WebAssembly;
  WebAssembly.Memory = class extends Memory {
    constructor(descriptor) {
      super({ ...descriptor, maximum: pages(megabytes) });
    }
  };
  try {
    return await pipeline(task, model, { worker: false, threads: 1 });
  } finally {
    WebAssembly.Memory = Memory;
  }
}

const isOutOfMemory = (error) => {
  assert.ok(error instanceof LatformerError, String(error));
  assert.equal(error.code, 'out_of_memory', error.message);
  return true;
};

test('loading within any memory', { timeout: 280_000 }, async () => {
  const free = await pipeline('sentiment-analysis', undefined, { worker: false });
  const expected = await free(text);
  let refused = 0;
  let loaded = 0;
  for (let megabytes = 16; megabytes <= 72; megabytes += 8) {
    try {
      const classify = await pipelineWithin(megabytes, undefined);
      assert.deepEqual(await classify(text), expected);
      await classify.dispose();
      loaded += 1;
    } catch (error) {
      isOutOfMemory(error);
      refused += 1;
    }
    assert.deepEqual(await free(text), expected, 'another pipeline works on');
  }
  assert.ok(refused >= 2 && loaded >= 2, `${refused} were refused, ${loaded} loaded`);
  await free.dispose();
});

test('a call that needs more than there is', { timeout: 280_000 }, async () => {
  const classify = await pipelineWithin(17, { files: tinyModel() });
  const expected = await classify(text);
  const large = [
    ['a joy '.repeat(2.7e6), {}],
    ['a joy '.repeat(3e5), { long_text: 'windows' }],
    [Array.from({ length: 10_000 }, () => text), {}],
  ];
  let refused = 0;
  for (const [input, options] of large) {
    await classify(input, { stats: true, ...options }).catch((error) => (refused += isOutOfMemory(error) ? 1 : 0));
    assert.deepEqual(await classify(text), expected, 'it works on');
  }
  assert.ok(refused > 0);
  await classify.dispose();
});

test('a generator within any memory', { timeout: 280_000 }, async () => {
  const folder = fileURLToPath(new URL('../../parity/models/gpt2-tied-f32', import.meta.url));
  const files = Object.fromEntries(
    readdirSync(folder).map((name) => [name, new Uint8Array(readFileSync(`${folder}/${name}`))]),
  );
  const free = await pipeline('text-generation', { files }, { worker: false });
  const prompt = 'Once upon a time';
  const options = { max_new_tokens: 6 };
  const expected = await free(prompt, options);
  let refused = 0;
  for (const megabytes of [16, 16.25, 16.5, 17, 18, 20]) {
    try {
      const generate = await within(megabytes, 'text-generation', { files });
      const large = Array.from({ length: 300 }, () => prompt.repeat(5));
      for (const more of [{ num_beams: 64 }, {}]) {
        await generate(large, { max_new_tokens: 40, ...more }).catch(
          (error) => (refused += isOutOfMemory(error) ? 1 : 0),
        );
        assert.deepEqual(await generate(prompt, options), expected, 'it works on');
      }
      await generate.dispose();
    } catch (error) {
      isOutOfMemory(error);
      refused += 1;
    }
  }
  assert.ok(refused > 0);
  assert.deepEqual(await free(prompt, options), expected);
  await free.dispose();
});
