// What runs beside a contender of peers.mjs, in its process or page: loads it, reads prompts, goes on from them.
//
//   load(spec)          { library, dtype, threads, models, onnx, gguf, modules }; gives { milliseconds }
//   prepare(key, work)  { texts, ids, decode }: prompts that differ in their first token, so that nobody reuses the last one
//   run(key)            reads the next of them and goes on by `decode` tokens; gives { first, rate }: milliseconds to the
//                       first token, tokens a second behind it (none if decode is 0)
//   peakMemory()        of this process, in bytes
//
// Latformer and wllama get texts and pay for their tokenizers; the others are handed token ids for free.
import { transformersFor } from '../support/contender.mjs';
import { offer } from '../support/offer.mjs';

const seconds = (begin) => (performance.now() - begin) / 1000;

function argmax(values) {
  let best = 0;
  for (let i = 1; i < values.length; ++i) if (values[i] > values[best]) best = i;
  return best;
}

async function latformer({ models, dtype, threads, kernels, modules }) {
  const { pipeline } = await import(modules.latformer);
  const generate = await pipeline('text-generation', models[dtype], { dtype, threads, ...(kernels && { kernels }) });
  return async ({ text, decode, speedup = 1 }) => {
    const options = { max_new_tokens: decode + 1, return_full_text: false, do_sample: false, speedup, stats: true };
    const [{ stats }] = await generate(text, options);
    return { first: stats.first_token_milliseconds, rate: stats.tokens_per_second, tokens: stats.prompt_tokens };
  };
}

async function onnxruntime({ library, onnx, dtype, threads, shape, modules }) {
  const imported = await import(modules[library]);
  const runtime = imported.default ?? imported;
  if (library === 'onnxruntime-web') runtime.env.wasm.numThreads = threads;
  runtime.env.logLevel = 'error';
  const session = await runtime.InferenceSession.create(onnx.files[dtype], {
    executionProviders: [library === 'onnxruntime-web' ? 'wasm' : 'cpu'],
    intraOpNumThreads: threads,
    logSeverityLevel: 3,
  });
  const whole = (values) => new runtime.Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
  const names = session.outputNames.filter((name) => name.startsWith('present.'));
  return async ({ ids, decode }) => {
    let past = Object.fromEntries(
      names.map((name) => [
        name.replace('present.', 'past_key_values.'),
        new runtime.Tensor('float32', new Float32Array(0), [1, shape.kvHeads, 0, shape.headSize]),
      ]),
    );
    let seen = 0;
    const step = async (tokens) => {
      const positions = tokens.map((_, i) => seen + i);
      seen += tokens.length;
      const outputs = await session.run({
        input_ids: whole(tokens),
        attention_mask: whole(Array(seen).fill(1)),
        position_ids: whole(positions),
        ...past,
      });
      past = Object.fromEntries(names.map((name) => [name.replace('present.', 'past_key_values.'), outputs[name]]));
      const [, count, vocabulary] = outputs.logits.dims;
      return argmax(outputs.logits.data.subarray((count - 1) * vocabulary));
    };
    let begin = performance.now();
    let token = await step(ids);
    const first = performance.now() - begin;
    begin = performance.now();
    for (let i = 0; i < decode; ++i) token = await step([token]);
    return { first, rate: decode / seconds(begin), tokens: ids.length };
  };
}

async function transformers(spec) {
  const { library, options } = await transformersFor(spec);
  const { AutoModelForCausalLM, Tensor } = library;
  const model = await AutoModelForCausalLM.from_pretrained(spec.onnx.name, options);
  return async ({ ids, decode }) => {
    const tensor = (values) => new Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
    const times = [];
    const begin = performance.now();
    await model.generate({
      inputs: tensor(ids),
      attention_mask: tensor(ids.map(() => 1)),
      max_new_tokens: decode + 1,
      min_new_tokens: decode + 1,
      do_sample: false,
      streamer: { put: () => times.push(performance.now()), end: () => undefined },
    });
    const [, first, ...behind] = times; // the prompt itself is put first
    const rate = behind.length > 0 ? (1000 * behind.length) / (behind.at(-1) - first) : 0;
    return { first: first - begin, rate, tokens: ids.length };
  };
}

async function wllama({ gguf, dtype, threads, modules }) {
  const { Wllama } = await import(modules.wllama);
  const model = new Wllama({ default: new URL(modules.wllamaWasm, location.href).href }, { suppressNativeLog: true });
  const blob = await (await fetch(gguf[dtype])).blob();
  await model.loadModel([blob], { n_threads: threads, n_ctx: 1100, n_batch: 1024, n_gpu_layers: 0, warmup: false });
  return async ({ text, decode }) => {
    const { timings } = await model.createCompletion({
      prompt: text,
      max_tokens: decode + 1,
      temp: 0,
      ignore_eos: true,
    });
    return { first: timings.prompt_ms, rate: timings.predicted_per_second, tokens: timings.prompt_n };
  };
}

const libraries = {
  latformer,
  'transformers.js': transformers,
  'onnxruntime-web': onnxruntime,
  'onnxruntime-node': onnxruntime,
  wllama,
};

class Host {
  #run;
  #work = new Map();
  #turn = 0;

  async load(spec) {
    const begin = performance.now();
    this.#run = await libraries[spec.library](spec);
    return { milliseconds: performance.now() - begin };
  }

  async prepare(key, work) {
    this.#work.set(key, work);
  }

  async run(key) {
    const { texts, ids, ...work } = this.#work.get(key);
    const turn = this.#turn++ % ids.length;
    const result = await this.#run({ ...work, text: texts[turn], ids: ids[turn] });
    if (result.tokens !== undefined && result.tokens !== ids[turn].length) {
      throw new Error(`it read ${result.tokens} tokens, not ${ids[turn].length}`);
    }
    return result;
  }

  async peakMemory() {
    return process.resourceUsage().maxRSS * 1024;
  }
}

offer(new Host());
