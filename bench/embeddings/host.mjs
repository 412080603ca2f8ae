// What runs beside a contender of embeddings (support/contender.mjs), whose work is { texts, batch, speedup }. A run's result,
// the first text's vector, tells whether all compute the same.
import { chunks, offerContenders, transformersPipeline } from '../support/contender.mjs';

const asked = { pooling: 'mean', normalize: true };

/** `batch` texts go into one call. */
function preparing(embed) {
  return ({ texts, batch, speedup }) => {
    const calls = chunks(texts, batch);
    const options = speedup === undefined ? asked : { ...asked, speedup };
    return async () => {
      let first;
      for (const call of calls) {
        const { data, dims } = await embed(call, options);
        first ??= Array.from(data.slice(0, dims.at(-1)));
      }
      return first;
    };
  };
}

async function latformer({ library, model, dtype, threads, modules }) {
  const { pipeline } = await import(modules.latformer);
  const device = library === 'latformer' ? 'wasm' : 'native';
  const worker = typeof document === 'object'; // in Node it is the calling thread that is timed, as of the peer
  const embed = await pipeline('feature-extraction', model, { dtype, threads, worker, device });
  return { maxSpeedup: embed.maxSpeedup, prepare: preparing(embed) };
}

async function transformers(spec) {
  const embed = await transformersPipeline('feature-extraction', spec);
  const prepare = preparing(embed);
  return { prepare: ({ texts, batch }) => prepare({ texts, batch }) }; // it has one speed
}

offerContenders({ latformer, 'latformer (native addon)': latformer, 'transformers.js': transformers });
