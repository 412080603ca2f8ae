// Limits, and long work that can be let go of: how long a text may be, turns of the event loop within a call, models that
// can never fit, handles that are given back.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pipeline } from 'latformer';
import { latformer } from '../support/cli.mjs';
import { tinyModel } from '../support/tiny_model.mjs';

const files = tinyModel();
const utf8 = (value) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const longest = 2 ** 24;

/** How often the event loop turns while `work` is on its way. */
async function turnsDuring(work) {
  let turns = 0;
  let done = false;
  const count = () => {
    turns += 1;
    if (!done) setImmediate(count);
  };
  setImmediate(count);
  try {
    return { value: await work(), turns };
  } finally {
    done = true;
  }
}

describe('a text of any length', { timeout: 120_000 }, () => {
  let classify;
  before(async () => (classify = await pipeline('text-classification', { files }, { worker: false })));
  after(() => classify.dispose());

  test('beyond 16 Mi characters is refused at once, and told which', async () => {
    const text = 'a'.repeat(longest + 1);
    const message = /must have at most 16777216 characters, not 16777217/;
    await assert.rejects(classify(text), { name: 'RangeError', message });
    await assert.rejects(classify(['a', { text: 'a', text_pair: text }]), {
      name: 'RangeError',
      message: /text_pair of input 1 must have at most/,
    });
    assert.equal((await classify('a'.repeat(longest))).length, 1, 'the longest that there may be');
    assert.equal((await classify('good film')).length, 1);
  });

  test('lets the event loop have its turn within a single text', async () => {
    const text = 'a joy from start to finish, not a dull film. '.repeat(6000);
    const { value, turns } = await turnsDuring(() => classify(text, { long_text: 'windows', stats: true }));
    const [{ stats }] = value;
    assert.ok(stats.tokens > 60_000);
    assert.ok(turns > 5, `${turns} turns`);
    assert.deepEqual(stats.tokens_per_layer.length, 3);
  });

  test('can be let go of in the middle, and nothing of it stays', async () => {
    const expected = await classify('good film', { stats: false });
    const text = 'a joy from start to finish, not a dull film. '.repeat(20_000);
    for (const turns of [1, 2, 3]) {
      const controller = new AbortController();
      const call = classify(text, { long_text: 'windows', signal: controller.signal });
      for (let i = 0; i < turns; ++i) await new Promise((resolve) => setImmediate(resolve));
      controller.abort();
      await assert.rejects(call, { name: 'AbortError' });
      // The next call waits for no more than what the engine is at.
      const { value, turns: waited } = await turnsDuring(() => classify('good film'));
      assert.deepEqual(value, expected);
      assert.ok(waited < 500, `${waited} turns`);
    }
  });
});

test('loading from memory lets the event loop have its turn, and can be let go of', { timeout: 60_000 }, async () => {
  const folder = fileURLToPath(new URL('../../../models/sentiment', import.meta.url));
  const names = (await readdir(folder)).filter((name) => /\.(json|txt|safetensors)$/.test(name));
  const bundled = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))])),
  );
  const parts = bundled['model.safetensors'].length / 2 ** 20;
  const { value: classify, turns } = await turnsDuring(() =>
    pipeline('text-classification', { files: bundled }, { worker: false }),
  );
  assert.ok(turns >= parts, `${turns} turns for ${parts} MiB`);
  await classify.dispose();

  const controller = new AbortController();
  let loaded = 0;
  const progress_callback = ({ status, file }) => {
    if (status === 'progress' && file === 'model.safetensors') loaded += 1;
  };
  const options = { worker: false, signal: controller.signal, progress_callback };
  const loading = pipeline('text-classification', { files: bundled }, options);
  while (loaded < 2) await new Promise((resolve) => setImmediate(resolve));
  controller.abort();
  await assert.rejects(loading, { name: 'AbortError' });
  assert.ok(loaded < parts - 2, `${loaded} of ${parts} parts`);
});

// GPT-2 XL has 1.6 billion weights: 6.2 GB as f32, more than WebAssembly can address.
describe('a model that cannot fit is refused before it is downloaded', { timeout: 60_000 }, () => {
  const [d, layers, vocabulary, positions] = [1600, 48, 50257, 1024];
  const config = {
    ...{ model_type: 'gpt2', architectures: ['GPT2LMHeadModel'], vocab_size: vocabulary, n_positions: positions },
    ...{ n_embd: d, n_layer: layers, n_head: 25 },
  };
  const tokenizer = {
    added_tokens: [{ id: 0, content: '<end>', special: true }],
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', unk_token: '<end>', vocab: { '<end>': 0, a: 1, b: 2, ab: 3 }, merges: ['a b'] },
  };
  let server;
  let base;
  let sent = 0;

  function header() {
    const tensors = {};
    let end = 0;
    const add = (name, ...shape) => {
      const bytes = 4 * shape.reduce((product, size) => product * size, 1);
      tensors[name] = { dtype: 'F32', shape, data_offsets: [end, (end += bytes)] };
    };
    add('wte.weight', vocabulary, d);
    add('wpe.weight', positions, d);
    const norm = (name) => [add(`${name}.weight`, d), add(`${name}.bias`, d)];
    const linear = (name, inputs, outputs) => [add(`${name}.weight`, inputs, outputs), add(`${name}.bias`, outputs)];
    for (let i = 0; i < layers; ++i) {
      norm(`h.${i}.ln_1`);
      linear(`h.${i}.attn.c_attn`, d, 3 * d);
      linear(`h.${i}.attn.c_proj`, d, d);
      norm(`h.${i}.ln_2`);
      linear(`h.${i}.mlp.c_fc`, d, 4 * d);
      linear(`h.${i}.mlp.c_proj`, 4 * d, d);
    }
    norm('ln_f');
    const json = utf8(tensors);
    const bytes = new Uint8Array(8 + json.length);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
    bytes.set(json, 8);
    return { bytes, size: bytes.length + end };
  }

  before(async () => {
    const small = { 'config.json': utf8(config), 'tokenizer.json': utf8(tokenizer) };
    server = createServer((request, response) => {
      const name = request.url.slice(1);
      if (name in small) return response.end(small[name]);
      if (name !== 'model.safetensors') {
        response.statusCode = 404;
        return response.end();
      }
      const { bytes, size } = header();
      assert.ok(size > 6e9);
      response.setHeader('content-length', size);
      response.write(bytes);
      const part = new Uint8Array(1 << 20);
      const more = () => {
        if (response.destroyed) return;
        sent += part.length;
        if (response.write(part)) setImmediate(more);
        else response.once('drain', more);
      };
      more();
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${server.address().port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const refused = {
    code: 'out_of_memory',
    message: /weights of this model take 5\.8 GB.* room for 4\.0 GB; load it as/,
  };
  for (const worker of [false, true]) {
    test(`as its header says, ${worker ? 'in a worker' : 'in this thread'}`, async () => {
      sent = 0;
      await assert.rejects(pipeline('text-generation', base, { worker }), refused);
      assert.ok(sent < 64e6, `${sent} bytes were sent`);
    });
    test(`as its config says, ${worker ? 'in a worker' : 'in this thread'}`, async () => {
      sent = 0;
      await assert.rejects(pipeline('text-generation', base, { worker, dtype: 'fp32' }), refused);
      assert.ok(sent < 64e6, `${sent} bytes were sent`);
    });
  }
});

test('no way out leaves a file open', { skip: process.platform !== 'linux', timeout: 120_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'latformer-limits-'));
  try {
    const open = async () => {
      const names = await readdir('/proc/self/fd');
      const links = await Promise.all(names.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
      return links.filter((link) => link.startsWith(folder));
    };
    const weights = files['model.safetensors'];
    const cases = {
      sound: {},
      cut: { 'model.safetensors': weights.subarray(0, 9000) },
      long: { 'model.safetensors': Buffer.concat([weights, weights]) },
      broken: { 'model.safetensors': Buffer.alloc(3 << 20, 'x') },
      config: { 'config.json': utf8('{') },
      words: { 'vocab.txt': utf8('') },
      profile: { 'profile.json': utf8('[1]') },
    };
    for (const [name, changed] of Object.entries(cases)) {
      const path = join(folder, name);
      await mkdir(path);
      for (const [file, bytes] of Object.entries({ ...files, ...changed })) await writeFile(join(path, file), bytes);
      for (let i = 0; i < 8; ++i) {
        const signal = i % 2 === 1 ? AbortSignal.timeout(i) : undefined;
        await pipeline('text-classification', path, { worker: i > 5, ...(signal && { signal }) }).then(
          (classify) => classify.dispose(),
          () => undefined,
        );
      }
    }
    for (let i = 0; i < 100 && (await open()).length > 0; ++i) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(await open(), []);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('inspect waits for no pipe', { skip: process.platform === 'win32', timeout: 120_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'latformer-limits-'));
  try {
    for (const name of ['config.json', 'tokenizer_config.json', 'vocab.txt', 'model.safetensors']) {
      const path = join(folder, name);
      await mkdir(path);
      for (const [file, bytes] of Object.entries(files)) if (file !== name) await writeFile(join(path, file), bytes);
      assert.equal(spawnSync('mkfifo', [join(path, name)]).status, 0);
      const { code, stdout } = await latformer(['inspect', path]);
      assert.equal(code, 1);
      assert.match(stdout, /no regular file/);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
