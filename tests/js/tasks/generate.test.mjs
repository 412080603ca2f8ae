// Text generation: what transformers gives, streaming, cancelling, conversations, and bad input.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { after, afterEach, before, describe, test } from 'node:test';
import { pipeline } from 'latformer';
import { threadCounts } from '../support/binaries.mjs';
import { latformer } from '../support/cli.mjs';
import { tinyModel } from '../support/tiny_model.mjs';
import { withWorkers } from '../support/workers.mjs';

const folder = fileURLToPath(new URL('../../parity/models/gpt2-tied-f32', import.meta.url));
const files = Object.fromEntries(
  readdirSync(folder).map((name) => [name, new Uint8Array(readFileSync(`${folder}/${name}`))]),
);
const json = (value) => new TextEncoder().encode(JSON.stringify(value));
const parse = (name) => JSON.parse(new TextDecoder().decode(files[name]));
const load = (changed = {}, options = {}) => pipeline('text-generation', { files: { ...files, ...changed } }, options);

// Of transformers (AutoModelForCausalLM.generate, 12 new tokens): prompt -> its tokens, and what follows greedily, by three
// beams, and with repetition_penalty 1.5.
const goldens = {
  'Once upon a time': [
    11,
    'edededededededededededed',
    'edededededededededededed',
    'ed\ufffd:E\ufffd\ufffd\ufffdid\ufffd\u0014',
  ],
  a: [1, 'aaaaaaaaaaaa', 'aaa111111111', 'ge1camEEEEE\ufffd\ufffds\u0007'],
  'h\u00e9llo \u6771\u4eac': [
    13,
    '\ufffdaaaacamcamcamcamcamcamcam',
    'edededededededededededed',
    'eded\ufffd\ufffdcam6\ufffd\ufffd\ufffdededed',
  ],
};

const aborted = { name: 'AbortError' };
const collect = async (pieces) => {
  const list = [];
  for await (const piece of pieces) list.push(piece);
  return list;
};

for (const [worker, threads] of [
  [false, 1],
  [true, threadCounts.at(-1)],
]) {
  describe(worker ? `in a worker, threads: ${threads}` : 'in this thread', () => {
    let generate;
    before(async () => (generate = await load({}, { worker, threads })));
    after(() => generate.dispose());
    afterEach(async () => {
      const [prompt, [, greedy]] = Object.entries(goldens)[0];
      assert.equal((await generate(prompt, { max_new_tokens: 12 }))[0].generated_text, prompt + greedy, 'it works on');
    });

    test('greedy, beams and a penalty give what transformers gives', async () => {
      for (const [prompt, [tokens, greedy, beams, penalised]] of Object.entries(goldens)) {
        const text = async (options) => {
          const [answer] = await generate(prompt, {
            max_new_tokens: 12,
            return_full_text: false,
            stats: true,
            ...options,
          });
          assert.equal(answer.stats.prompt_tokens, tokens);
          return answer.generated_text;
        };
        assert.equal(await text({}), greedy);
        assert.equal(await text({ num_beams: 3 }), beams);
        assert.equal(await text({ repetition_penalty: 1.5 }), penalised);
      }
    });

    test('several prompts give what each gives alone', async () => {
      const prompts = Object.keys(goldens);
      const answers = await generate(prompts, { max_new_tokens: 12 });
      assert.deepEqual(
        answers.map(([{ generated_text }]) => generated_text),
        prompts.map((prompt) => prompt + goldens[prompt][1]),
      );
      assert.equal((await generate([prompts[0]], { max_new_tokens: 1 })).length, 1);
      assert.deepEqual(await generate([]), []);
    });

    test('a seed draws the same text, another one another', async () => {
      const draw = async (seed) =>
        (await generate('a', { do_sample: true, seed, max_new_tokens: 20 }))[0].generated_text;
      assert.equal(await draw(7), await draw(7));
      assert.equal(new Set(await Promise.all([1, 2, 3, 4].map(draw))).size, 4);
      const free = async () => (await generate('a', { do_sample: true, max_new_tokens: 20 }))[0].generated_text;
      assert.notEqual(await free(), await free());
      const narrow = { do_sample: true, top_k: 1, seed: 3, max_new_tokens: 12, return_full_text: false };
      assert.equal((await generate('a', narrow))[0].generated_text, goldens.a[1]);
    });

    test('the stream and the streamer bring the text in pieces', async () => {
      const [prompt, [, greedy]] = Object.entries(goldens)[0];
      const pieces = await collect(generate.stream(prompt, { max_new_tokens: 12 }));
      assert.equal(pieces.join(''), greedy);
      assert.ok(pieces.length > 1);
      const told = ['', '', ''];
      const streamer = (text, index) => (told[index] += text);
      await generate(Object.keys(goldens), { max_new_tokens: 12, streamer });
      assert.deepEqual(
        told,
        Object.values(goldens).map(([, text]) => text),
      );
    });

    test('a text ends before a stop string', async () => {
      const [prompt, [, greedy]] = Object.entries(goldens)[2];
      const stop = 'mcam'; // of two tokens
      const options = { max_new_tokens: 12, stop_strings: [stop, 'never'], return_full_text: false };
      const [{ generated_text, finish_reason }] = await generate(prompt, options);
      assert.equal(generated_text, greedy.slice(0, greedy.indexOf(stop)));
      assert.equal(finish_reason, 'stop');
      assert.equal((await generate(prompt, { max_new_tokens: 2 }))[0].finish_reason, 'length');
    });

    test('leaving the loop, a signal, a streamer that throws: each ends it within a token', async () => {
      let count = 0;
      for await (const piece of generate.stream('a', { max_new_tokens: 150 })) {
        if (piece !== '' && ++count === 3) break;
      }
      for (const after of [0, 1, 3]) {
        const controller = new AbortController();
        let pieces = 0;
        if (after === 0) controller.abort();
        const streamer = () => {
          if (++pieces === after) {
            controller.abort();
            controller.abort();
          }
        };
        const call = generate('a', { max_new_tokens: 150, signal: controller.signal, streamer });
        await assert.rejects(call, aborted);
        assert.equal(pieces, after);
      }
      const mine = new Error('mine');
      const streamer = () => {
        throw mine;
      };
      await assert.rejects(generate('a', { max_new_tokens: 150, streamer }), mine);
      await assert.rejects(collect(generate.stream('a', { signal: AbortSignal.abort() })), aborted);
    });

    test('two at once are answered one after the other', async () => {
      const prompts = Object.keys(goldens);
      const calls = prompts.map((prompt) => generate(prompt, { max_new_tokens: 12 }));
      const stream = collect(generate.stream(prompts[0], { max_new_tokens: 12 }));
      for (const [index, call] of calls.entries()) {
        assert.equal((await call)[0].generated_text, prompts[index] + goldens[prompts[index]][1]);
      }
      assert.equal((await stream).join(''), goldens[prompts[0]][1]);
    });

    test('a speedup makes the prompt shorter, and stats tell', async () => {
      const prompt = 'the film was not good. it was dull and long. '.repeat(3).trim();
      const [{ stats: full }] = await generate(prompt, { max_new_tokens: 3, stats: true });
      assert.equal(full.achieved_speedup, 1);
      assert.deepEqual(
        full.tokens_per_layer,
        full.tokens_per_layer.map(() => full.prompt_tokens),
      );
      assert.ok(full.cache_bytes > 0 && full.first_token_milliseconds > 0 && full.macs > 0);
      assert.equal(full.new_tokens, 3);
      generate.setSpeedup(2);
      const [{ stats }] = await generate(prompt, { max_new_tokens: 3, stats: true });
      assert.equal(stats.requested_speedup, 2);
      assert.ok(stats.macs < full.macs);
      assert.ok(stats.tokens_per_layer.at(-1) < full.prompt_tokens);
      for (const prompt_mode of ['layers', 'sentences', 'cut']) {
        const [answer] = await generate(prompt, { max_new_tokens: 3, stats: true, prompt_mode, speedup: 3 });
        assert.ok(answer.stats.achieved_speedup > 1, prompt_mode);
      }
      generate.setSpeedup(1);
    });

    test('what is no prompt, or no option', async () => {
      for (const prompt of [5, null, undefined, {}, [5], [[5]], [{ role: 'user' }], [{ role: 'user', content: 5 }]]) {
        await assert.rejects(generate(prompt), TypeError, JSON.stringify(prompt));
      }
      for (const prompt of ['', [''], [[]]]) await assert.rejects(generate(prompt), RangeError);
      for (const [name, values] of Object.entries({
        max_new_tokens: [0, -1, 1.5, NaN, 2 ** 33],
        temperature: [0, -1, NaN, Infinity],
        top_k: [-1, 0.5],
        top_p: [0, 2, -1, NaN],
        min_p: [-0.1, 1.1, NaN],
        repetition_penalty: [0, -1, NaN],
        num_beams: [0, 65, 1.5],
        seed: [-1, 0.5, 2 ** 60, NaN],
        speedup: [0, 99, NaN],
        latency_budget: [0, -1],
      })) {
        for (const value of values) {
          await assert.rejects(generate('a', { [name]: value }), RangeError, `${name} ${value}`);
        }
        await assert.rejects(generate('a', { [name]: 'x' }), TypeError, name);
      }
      await assert.rejects(generate('a', { stop_strings: [''] }), RangeError);
      await assert.rejects(generate('a', { stop_strings: 5 }), TypeError);
      await assert.rejects(generate('a', { streamer: 'x' }), TypeError);
      await assert.rejects(generate('a', { max_length: 5 }), { name: 'TypeError', message: /max_length/ });
      await assert.rejects(generate('a', { num_beams: 2, do_sample: true }), TypeError);
      await assert.rejects(collect(generate.stream(['a', 'b'])), TypeError);
    });

    test('the context: a prompt that is longer, a text that reaches its end, one that slides', async () => {
      const { max_tokens } = generate.info;
      const invalid = { name: 'LatformerError', code: 'invalid_argument' };
      await assert.rejects(generate('q'.repeat(max_tokens + 1)), invalid);
      const [{ stats, finish_reason }] = await generate('a', { max_new_tokens: 1e9, stats: true });
      if (finish_reason === 'length') assert.ok(stats.prompt_tokens + stats.new_tokens <= max_tokens + 1);
      const sliding = { max_new_tokens: 200, context_limit: 'slide', stats: true };
      const [slid] = await generate('a', sliding);
      if (slid.finish_reason === 'length') assert.equal(slid.stats.new_tokens, 200);
    });

    test('a latency budget is the time to the first token', async () => {
      const another = await load({}, { worker, threads });
      await another.setLatencyBudget(1e6);
      const [{ stats }] = await another('a b c', { max_new_tokens: 2, stats: true });
      assert.equal(stats.latency_budget, 1e6);
      assert.equal(stats.achieved_speedup, 1);
      const { texts } = await another.calibrate();
      assert.ok(texts.every(({ milliseconds }) => milliseconds > 0));
      await another.dispose();
    });

    test('dispose() in mid-stream', async () => {
      const another = await load({}, { worker, threads });
      const disposed = { code: 'disposed' };
      const reading = (async () => {
        for await (const piece of another.stream('a', { max_new_tokens: 150 })) if (piece !== '') another.dispose();
      })();
      await assert.rejects(reading, disposed);
      await assert.rejects(another('a'), disposed);
    });
  });
}

test('workers generate side by side, and one that dies takes no other along', async () => {
  const generate = await load({}, { workers: 2 });
  assert.equal(generate.info.workers, 2);
  const options = { max_new_tokens: 12, return_full_text: false };
  const prompts = Object.keys(goldens);
  const streams = prompts.map(async (prompt) => (await collect(generate.stream(prompt, options))).join(''));
  assert.deepEqual(
    await Promise.all(streams),
    prompts.map((prompt) => goldens[prompt][1]),
  );
  await generate.dispose();

  const [another, workers] = await withWorkers(() => load({}, { workers: 2 }));
  const begun = [];
  const reading = (async () => {
    for await (const piece of another.stream('a', { max_new_tokens: 200 })) {
      begun.push(piece);
      if (begun.length === 1) for (const worker of workers) worker.terminate();
    }
  })();
  await assert.rejects(reading, { code: 'internal' }); // what was given cannot be taken back
  assert.equal((await another('a', options))[0].generated_text, goldens.a[1]);
  await another.dispose();
});

test('conversations are written as the model was trained on them', async () => {
  const chat_template =
    "{{ bos_token }}{% for m in messages %}[{{ m['role'] }}]{{ m['content'] }}{{ eos_token }}{% endfor %}" +
    '{% if add_generation_prompt %}[assistant]{% endif %}';
  const config = { ...parse('tokenizer_config.json'), bos_token: '<b>', eos_token: { content: '<e>' } };
  const messages = [
    { role: 'system', content: 'be short' },
    { role: 'user', content: 'hi' },
  ];
  const written = '<b>[system]be short<e>[user]hi<e>[assistant]';
  const plain = await load();
  assert.equal(plain.info.has_chat_template, false);
  await assert.rejects(plain(messages), { code: 'invalid_argument', message: /no chat template/ });
  const options = { max_new_tokens: 8, return_full_text: false };
  const [{ generated_text: expected }] = await plain(written, options);
  for (const changed of [
    { 'tokenizer_config.json': json({ ...config, chat_template }) },
    { 'tokenizer_config.json': json({ ...config, chat_template: [{ name: 'default', template: chat_template }] }) },
    { 'tokenizer_config.json': json(config), 'chat_template.jinja': new TextEncoder().encode(chat_template) },
  ]) {
    const generate = await load(changed, { worker: true });
    assert.equal(generate.info.has_chat_template, true);
    assert.equal((await generate(messages, options))[0].generated_text, expected);
    const [whole] = await generate(messages, { max_new_tokens: 8 });
    assert.deepEqual(whole.generated_text, [...messages, { role: 'assistant', content: expected }]);
    assert.equal((await collect(generate.stream(messages, options))).join(''), expected);
    assert.deepEqual(
      (await generate([messages, written], options)).map(([{ generated_text }]) => generated_text),
      [expected, expected],
    );
    await generate.dispose();
  }
  const broken = await load({ 'tokenizer_config.json': json({ ...config, chat_template: '{% for %}' }) });
  await assert.rejects(broken(messages), { code: 'invalid_argument', message: /chat template/ });
  const refusing = "{{ raise_exception('no system, please') }}";
  const strict = await load({ 'tokenizer_config.json': json({ ...config, chat_template: refusing }) });
  await assert.rejects(strict(messages), { code: 'invalid_argument', message: /no system, please/ });
  await Promise.all([plain, broken, strict].map((each) => each.dispose()));
});

test('generation_config.json has the defaults', async () => {
  const [prompt, [, greedy, , penalised]] = Object.entries(goldens)[0];
  const config = { max_new_tokens: 12, repetition_penalty: 1.5, do_sample: null, eos_token_id: 300 };
  const generate = await load({ 'generation_config.json': json(config) });
  const text = async (options) => (await generate(prompt, { return_full_text: false, ...options }))[0].generated_text;
  assert.equal(await text({}), penalised);
  assert.equal(await text({ repetition_penalty: 1 }), greedy);
  await generate.dispose();
  for (const config of [{ temperature: -1 }, { top_p: 'high' }]) {
    await assert.rejects(load({ 'generation_config.json': json(config) }), {
      code: 'bad_model',
      message: /generation_config\.json: (temperature|top_p)/,
    });
  }
  await assert.rejects(load({ 'generation_config.json': new TextEncoder().encode('{') }), { code: 'bad_model' });
});

test('models of the other kind, no model, damaged merges', async () => {
  await assert.rejects(pipeline('text-generation', { files: tinyModel() }), {
    code: 'unsupported_model',
    message: /bert/i,
  });
  await assert.rejects(pipeline('text-classification', { files }), { code: 'unsupported_model', message: /gpt2/i });
  await assert.rejects(pipeline('text-generation'), { name: 'TypeError', message: /needs a model/ });

  const { vocab, merges } = parse('tokenizer.json').model;
  const split = (merges) => ({
    'tokenizer.json': undefined,
    'vocab.json': json({ ...vocab, '<|endoftext|>': 300 }),
    'merges.txt': merges && new TextEncoder().encode(merges),
  });
  const lines = merges.map((pair) => (Array.isArray(pair) ? pair.join(' ') : pair));
  const generate = await load(split(`#version: 0.2\n${lines.join('\n')}\n`));
  const [prompt, [, greedy]] = Object.entries(goldens)[0];
  assert.equal((await generate(prompt, { max_new_tokens: 12 }))[0].generated_text, prompt + greedy);
  await generate.dispose();
  for (const damaged of ['#version: 0.2\na\n', '#version: 0.2\nqq zz\n', undefined]) {
    await assert.rejects(load(split(damaged)), { code: 'bad_model', message: /merges\.txt/ });
  }
});

test('dtype is what linear layers compute in, whatever the file holds', async () => {
  const [prompt, [, greedy]] = Object.entries(goldens)[0];
  for (const folder of ['gpt2-tied-f32', 'gpt2-int8', 'gpt2-untied-f16', 'llama-int8']) {
    const at = fileURLToPath(new URL(`../../parity/models/${folder}`, import.meta.url));
    const given = Object.fromEntries(
      readdirSync(at).map((name) => [name, new Uint8Array(readFileSync(`${at}/${name}`))]),
    );
    for (const dtype of ['fp32', 'q8', 'q4']) {
      if (folder !== 'gpt2-tied-f32') {
        // These have no tokenizer of their own: letters do.
        const vocab = Object.fromEntries([...'abcdefghijklmnopqrstuvwxyz'].map((letter, id) => [letter, id]));
        const words = { 'vocab.json': json(vocab), 'merges.txt': new TextEncoder().encode('#version: 0.2\n') };
        const model = {
          files: { ...given, ...words, 'tokenizer_config.json': json({ tokenizer_class: 'GPT2Tokenizer' }) },
        };
        const generate = await pipeline('text-generation', model, { dtype });
        assert.equal(generate.info.dtype, dtype, folder);
        const once = await generate('abc', { max_new_tokens: 6 });
        assert.deepEqual(await generate('abc', { max_new_tokens: 6 }), once);
        await generate.dispose();
        continue;
      }
      const generate = await load({}, { dtype });
      assert.equal(generate.info.dtype, dtype);
      const [{ generated_text }] = await generate(prompt, { max_new_tokens: 12 });
      if (dtype === 'fp32') assert.equal(generated_text, prompt + greedy);
      assert.ok(generated_text.length > prompt.length);
      await generate.dispose();
    }
  }
});

test('a model that does not fit into the memory of WebAssembly says so before it is read', async () => {
  const xl = { n_embd: 1600, n_layer: 48, n_head: 25, n_positions: 1024, vocab_size: 50257 };
  const changed = { 'config.json': json({ ...parse('config.json'), ...xl }) };
  await assert.rejects(load(changed, { dtype: 'fp32', device: 'wasm' }), {
    code: 'out_of_memory',
    message: /5\.8 GB.*int8/,
  });
});

describe('latformer generate', () => {
  const run = (args, input) => latformer(['generate', '--model', folder, '--max-new-tokens', '12', ...args], input);
  const [prompt, [, greedy, beams]] = Object.entries(goldens)[0];

  test('streams what the API gives', async () => {
    assert.deepEqual(await run([prompt]), { code: 0, stdout: `${greedy}\n`, stderr: '' });
    assert.equal((await run(['-'], `${prompt}\n`)).stdout, `${greedy}\n`);
    assert.equal((await run(['--beams', '3', prompt])).stdout, `${beams}\n`);
    const told = await run(['--stats', '--format', 'json', prompt]);
    assert.equal(JSON.parse(told.stdout).generated_text, greedy);
    assert.match(told.stderr, /^\d+ \+ \d+ tokens, the first after \d+ ms/);
    const drawn = () => run(['--sample', '--seed', '5', '--temperature', '2', prompt]);
    assert.equal((await drawn()).stdout, (await drawn()).stdout);
  });

  test('misuse and bad input', async () => {
    const fails = async (args, code, message, input = '') => {
      const { code: ended, stderr } = await latformer(['generate', ...args], input);
      assert.match(stderr, message);
      assert.equal(ended, code);
    };
    await fails([prompt], 2, /--model is needed/);
    const model = ['--model', folder];
    await fails([...model, 'one', 'two'], 2, /one prompt is needed/);
    await fails([...model, '--top-p', '2', 'a'], 2, /--top-p must be at most 1/);
    await fails([...model, '--temperature', '0', 'a'], 2, /--temperature must be above 0/);
    await fails([...model, '--max-new-tokens', '0', 'a'], 2, /--max-new-tokens/);
    await fails([...model, '--speedup', '99', 'a'], 2, /more than this model's maximum/);
    await fails([...model, '--system', 'x', 'a'], 2, /--system needs --chat/);
    await fails(model, 1, /the prompt is empty/);
    await fails([...model, '--chat', 'a'], 1, /no chat template.*\(invalid_argument\)/);
    await fails(['--model', `${folder}/none`, 'a'], 1, /there is no such folder/);
  });

  test('inspect of a decoder', async () => {
    const { code, stdout, stderr } = await latformer(['inspect', folder]);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /architecture +GPT2LMHeadModel \(model_type gpt2\)/);
    assert.match(stdout, /sizes +3 layers, width 24, 3 heads of 8, feed-forward 96, 160 positions, vocabulary 301/);
    assert.match(stdout, /It loads\./);
    assert.doesNotMatch(stdout, /labels/);
    const facts = JSON.parse((await latformer(['inspect', '--json', folder])).stdout);
    assert.equal(facts.sample.speeds[0].achieved_speedup, 1);
    assert.equal(facts.info.num_key_value_heads, 3);
  });
});
