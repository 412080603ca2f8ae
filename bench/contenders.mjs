// Who runs in the benchmark. A contender is { name, prepare({ folder, onnx, threads }) -> { run(words), close() } }, where
// `words` is a list of word pieces; run() answers with logits and takes the same token ids everywhere.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const CLS = 101;
const SEP = 102;

// Latformer gets text and pays for tokenising it; the peers get token ids for free.
function latformer(name, speedup) {
  return {
    name,
    async prepare({ folder, threads }) {
      if (threads !== 1) return null;
      const { pipeline } = await import('../dist/node.mjs');
      const classify = await pipeline('text-classification', folder);
      if (speedup > classify.maxSpeedup) return null;
      return {
        run: ({ text }) => classify(text, { speedup }),
        close: () => classify.dispose(),
      };
    },
  };
}

function onnx(name, packageName, file, sessionOptions) {
  return {
    name,
    async prepare({ onnxFolder, threads }) {
      const ort = await import(packageName);
      const runtime = ort.default ?? ort;
      if (packageName === 'onnxruntime-web') {
        runtime.env.wasm.numThreads = threads;
        runtime.env.logLevel = 'error';
      }
      const session = await runtime.InferenceSession.create(await readFile(join(onnxFolder, file)), {
        ...sessionOptions,
        intraOpNumThreads: threads,
        logSeverityLevel: 3,
      });
      return {
        async run({ ids }) {
          const shape = [1, ids.length];
          const tensor = (values) => new runtime.Tensor('int64', BigInt64Array.from(values, BigInt), shape);
          const { logits } = await session.run({
            input_ids: tensor(ids),
            attention_mask: tensor(ids.map(() => 1)),
            token_type_ids: tensor(ids.map(() => 0)),
          });
          return logits.data;
        },
        close: () => session.release(),
      };
    },
  };
}

export const contenders = [
  latformer('latformer', 1),
  latformer('latformer, speedup 2', 2),
  latformer('latformer, speedup 4.8', 4.8),
  onnx('onnxruntime-web f32', 'onnxruntime-web', 'model.onnx', { executionProviders: ['wasm'] }),
  onnx('onnxruntime-web int8', 'onnxruntime-web', 'model_int8.onnx', { executionProviders: ['wasm'] }),
  onnx('onnxruntime-node f32', 'onnxruntime-node', 'model.onnx', {}),
  onnx('onnxruntime-node int8', 'onnxruntime-node', 'model_int8.onnx', {}),
];

// An input of exactly `tokens` tokens, [CLS] and [SEP] included: words that are one piece each in BERT's vocabulary.
export function inputOf(tokens, vocabulary) {
  const words = ['the', 'film', 'is', 'a', 'joy', 'from', 'start', 'to', 'finish', 'and', 'never', 'dull'];
  const chosen = Array.from({ length: tokens - 2 }, (_, i) => words[(i * 7 + (i >> 3)) % words.length]);
  return { text: chosen.join(' '), ids: [CLS, ...chosen.map((word) => vocabulary.get(word)), SEP] };
}
