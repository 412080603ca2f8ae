// What runs beside a contender, in its process or page: loads it, gets texts ready, times runs. One interface for all:
//
//   load(spec)            { library, dtype, threads, calibrate, model, onnx, modules }: a contender, as run.mjs describes it
//   prepare(key, work)    { texts, ids, batch, speedup }: everything that is not to be timed
//   run(key, atLeast)     runs it until `atLeast` milliseconds have passed; gives { times, probability }
//
// Latformer and transformers.js get texts and pay for their tokenizers; onnxruntime is handed token ids for free.
// `batch` is how many texts go into one call. `probability`, of the second label for the first text, tells whether all
// compute the same.
import { offer } from '../support/offer.mjs';

const softmax = (logits) => {
  const shifted = logits.map((logit) => Math.exp(logit - Math.max(...logits)));
  return shifted.map((value) => value / shifted.reduce((sum, each) => sum + each, 0));
};

function chunks(list, size) {
  const parts = [];
  for (let begin = 0; begin < list.length; begin += size) parts.push(list.slice(begin, begin + size));
  return parts;
}

async function latformer({ library, model, dtype, threads, calibrate, modules }) {
  const { pipeline } = await import(modules.latformer);
  const worker = typeof document === 'object'; // in Node it is the calling thread that is timed, as of the peers
  const device = library === 'latformer' ? 'wasm' : 'native';
  const classify = await pipeline('text-classification', model, { dtype, threads, worker, device });
  // Anew, since the machine may not be what it was; then a speedup is one of time.
  if (calibrate) await classify.calibrate({ fresh: true });
  const label = classify.info.labels[1];
  return {
    maxSpeedup: classify.maxSpeedup,
    prepare({ texts, batch, speedup = 1 }) {
      const calls = chunks(texts, batch);
      return async () => {
        const all = [];
        for (const call of calls) all.push(...(await classify(call, { speedup, top_k: null })));
        return all[0].find((each) => each.label === label).score;
      };
    },
  };
}

async function transformers({ onnx, dtype, threads, modules }) {
  const { env, pipeline } = await import(modules.transformers);
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.localModelPath = onnx.parent;
  if (modules.transformersWasm) {
    env.backends.onnx.wasm.numThreads = threads;
    env.backends.onnx.wasm.wasmPaths = modules.transformersWasm;
  }
  const options = { dtype, session_options: { intraOpNumThreads: threads, logSeverityLevel: 3 } };
  if (modules.transformersWasm) options.device = 'wasm';
  const classify = await pipeline('text-classification', onnx.name, options);
  const label = classify.model.config.id2label?.[1] ?? 'LABEL_1';
  return {
    prepare({ texts, batch }) {
      const calls = chunks(texts, batch);
      return async () => {
        const all = [];
        for (const call of calls) all.push(...(await classify(call, { top_k: null })));
        return all[0].find((each) => each.label === label).score;
      };
    },
  };
}

async function onnxruntime({ library, onnx, dtype, threads, modules }) {
  const imported = await import(modules[library]);
  const ort = imported.default ?? imported;
  if (library === 'onnxruntime-web') ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'error';
  const session = await ort.InferenceSession.create(onnx.files[dtype], {
    executionProviders: [library === 'onnxruntime-web' ? 'wasm' : 'cpu'],
    intraOpNumThreads: threads,
    logSeverityLevel: 3,
  });
  return {
    prepare({ ids, batch }) {
      // Calls of several texts are padded to the longest of them, as onnxruntime needs it.
      const calls = chunks(ids, batch).map((call) => {
        const longest = Math.max(...call.map((text) => text.length));
        const tensor = (valueAt) =>
          new ort.Tensor(
            'int64',
            BigInt64Array.from(
              call.flatMap((text) => Array.from({ length: longest }, (_, i) => BigInt(valueAt(text[i])))),
            ),
            [call.length, longest],
          );
        return {
          input_ids: tensor((id) => id ?? 0),
          attention_mask: tensor((id) => (id === undefined ? 0 : 1)),
          token_type_ids: tensor(() => 0),
        };
      });
      return async () => {
        let first;
        for (const feeds of calls) {
          const { logits } = await session.run(feeds);
          first ??= softmax(Array.from(logits.data.slice(0, logits.dims[1])))[1];
        }
        return first;
      };
    },
  };
}

/** What a process costs by itself. */
const nothing = () => ({ prepare: () => async () => undefined });

const libraries = {
  nothing,
  latformer,
  'latformer (native addon)': latformer,
  'transformers.js': transformers,
  'onnxruntime-web': onnxruntime,
  'onnxruntime-node': onnxruntime,
};

class Host {
  #contender;
  #work = new Map();

  async load(spec) {
    this.#contender = await libraries[spec.library](spec);
    return { maxSpeedup: this.#contender.maxSpeedup ?? 1 };
  }

  async prepare(key, work) {
    this.#work.set(key, this.#contender.prepare(work));
  }

  async run(key, atLeast) {
    const run = this.#work.get(key);
    const times = [];
    let probability;
    const begin = performance.now();
    do {
      const start = performance.now();
      probability = await run();
      times.push(performance.now() - start);
    } while (performance.now() - begin < atLeast);
    return { times, probability };
  }

  /** Of this process, in a system's own bytes. */
  async peakMemory() {
    return process.resourceUsage().maxRSS * 1024;
  }
}

offer(new Host());
