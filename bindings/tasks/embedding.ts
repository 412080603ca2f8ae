// Embeddings: the callable that pipeline('feature-extraction') resolves to, and its stream().
import { checkEmbeddingOptions } from '../arguments/embedding.js';
import type { CheckedEmbeddingOptions } from '../arguments/embedding.js';
import { checkTexts, inputOf } from '../arguments/encoder.js';
import type { Engine } from '../engine.js';
import type { Calibrator } from '../time/calibration.js';
import type { Stats, Streamed } from '../types/classification.js';
import type {
  EmbeddingModelInfo,
  EmbeddingOptions,
  Embeddings,
  EmbeddingTask,
  FeatureExtractionPipeline,
} from '../types/embedding.js';
import { EncoderPipeline, meanOf } from './encoder_base.js';
import { callable } from './pipeline_base.js';
import { Tensor } from './tensor.js';

const shortest = 1e-12; // a vector of no length stays as it is, as in torch.nn.functional.normalize

/** Each row of `size` to length 1. */
function normalize(data: Float32Array, size: number): void {
  for (let at = 0; at < data.length; at += size) {
    const row = data.subarray(at, at + size);
    const length = Math.max(Math.sqrt(row.reduce((sum, value) => sum + value * value, 0)), shortest);
    row.forEach((value, k) => (row[k] = value / length));
  }
}

class Embedder extends EncoderPipeline<EmbeddingModelInfo> {
  async embed(texts: string | readonly string[], given?: EmbeddingOptions): Promise<Embeddings> {
    const options = checkEmbeddingOptions(given, this.speedDefaults, this.info);
    const checked = checkTexts(texts, 'text');
    return this.admitted(() => this.#answer(checked, options));
  }

  async *stream<Input extends string>(
    source: AsyncIterable<Input> | Iterable<Input>,
    given?: EmbeddingOptions,
  ): AsyncGenerator<Streamed<Input, Embeddings>, void, undefined> {
    const options = checkEmbeddingOptions(given, this.speedDefaults, this.info);
    yield* this.streamed(source, (input, left) => this.#answer(checkTexts([input], 'text'), options, left));
  }

  async #answer(texts: readonly string[], options: CheckedEmbeddingOptions, left?: AbortSignal): Promise<Embeddings> {
    const inputs = texts.map((text) => inputOf(options.prompt + text));
    const encoded = await this.encoded(inputs, options, left);
    const rows = encoded.map(({ windows }) => meanOf(windows));
    const size = options.pooling === 'none' ? this.info.hidden_size : this.info.dimensions;
    const longest = rows.reduce((most, { length }) => Math.max(most, length), size); // of any number of rows
    const data = new Float32Array(rows.length * longest);
    rows.forEach((row, index) => data.set(row, index * longest));
    if (options.normalize) normalize(data, size);
    const dims = options.pooling === 'none' ? [rows.length, longest / size, size] : [rows.length, size];
    const stats = options.stats ? encoded.map((each) => each.stats as Stats) : undefined;
    return new Tensor(dims, data, stats) as unknown as Embeddings;
  }
}

export function featureExtractionPipeline(
  engine: Engine,
  info: EmbeddingModelInfo,
  task: EmbeddingTask,
  calibrator: Calibrator,
  maxPending: number,
): FeatureExtractionPipeline {
  const embedder = new Embedder(engine, info, calibrator, maxPending);
  const stream: FeatureExtractionPipeline['stream'] = (source, options) => embedder.stream(source, options);
  const embed = (texts: string | readonly string[], options?: EmbeddingOptions) => embedder.embed(texts, options);
  return callable(embed, embedder, { task, stream }) as unknown as FeatureExtractionPipeline;
}
