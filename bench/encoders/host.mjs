// What runs beside a contender of classification (support/contender.mjs), whose work is { texts, ids, batch, speedup }.
//
// Latformer and transformers.js get texts and pay for their tokenizers; onnxruntime is handed token ids for free.
// `batch` is how many texts go into one call. A run's result, the probability of the second label for the first text, tells
// whether all compute the same.
import { chunks, offerContenders, transformersPipeline } from '../support/contender.mjs';

const softmax = (logits) => {
  const shifted = logits.map((logit) => Math.exp(logit - Math.max(...logits)));
  return shifted.map((value) => value / shifted.reduce((sum, each) => sum + each, 0));
};

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

async function transformers(spec) {
  const classify = await transformersPipeline('text-classification', spec);
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

offerContenders({
  nothing,
  latformer,
  'latformer (native addon)': latformer,
  'transformers.js': transformers,
  'onnxruntime-web': onnxruntime,
  'onnxruntime-node': onnxruntime,
});
