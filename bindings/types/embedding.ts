// Embeddings: options, results.
import type { AdjustablePipeline, CallOptions } from './adjustable.js';
import type { Stats, Streamed } from './classification.js';
import type { BaseModelInfo } from './model.js';

export type EmbeddingTask = 'feature-extraction';

/** What becomes of the vectors of a text's tokens: their mean, the first one, or all as they are. */
export type Pooling = 'mean' | 'cls' | 'none';

export interface EmbeddingOptions extends CallOptions {
  /** By default what the folder asks for, where it is one of sentence-transformers, else 'none'. */
  pooling?: Pooling | 'first_token' | null | undefined;
  /** To length 1; by default what the folder asks for. */
  normalize?: boolean | null | undefined;
  /** One of `info.prompts`, which is put before each text; null for none. By default `info.default_prompt_name`. */
  prompt_name?: string | null | undefined;
  /** Of transformers: texts are cut in any case, unless `long_text` says otherwise, and never padded. */
  truncation?: true | undefined;
  /** Speedup of this call, from 1 to `maxSpeedup`; needs a pooling. */
  speedup?: number | undefined;
  /** Text longer than the model can read: cut (default), or read in windows, whose mean is taken. */
  long_text?: 'truncate' | 'windows' | undefined;
}

/** Numbers in rows, as transformers.js has them. */
export interface Embeddings {
  readonly type: 'float32';
  /** (texts, dimensions); without pooling (texts, tokens of the longest, dimensions), zero behind the end of a text. */
  readonly dims: readonly number[];
  /** All of them, row after row. */
  readonly data: Float32Array;
  readonly size: number;
  /** The same as arrays of arrays. */
  tolist(): number[][] | number[][][];
  /** Of each text, where it was asked for. `words` are places in the text with its prompt. */
  readonly stats?: readonly Stats[];
}

/** What an embedder is. */
export interface EmbeddingModelInfo extends BaseModelInfo {
  /** Of a pooled vector. */
  dimensions: number;
  /** What is done where a call does not say. */
  pooling: Pooling;
  normalize: boolean;
  /** Texts to put before a text, by name. */
  prompts: Readonly<Record<string, string>>;
  default_prompt_name: string | null;
}

export interface FeatureExtractionPipeline extends AdjustablePipeline {
  /** The vectors of one text, or of many in the same order. */
  (texts: string | readonly string[], options?: EmbeddingOptions): Promise<Embeddings>;

  /** Those of what comes from an iterable, an async iterable or a Node stream, of any length: see classify.stream(). */
  stream<Input extends string>(
    source: AsyncIterable<Input> | Iterable<Input>,
    options?: EmbeddingOptions,
  ): AsyncGenerator<Streamed<Input, Embeddings>, void, undefined>;

  readonly task: EmbeddingTask;
  readonly info: EmbeddingModelInfo;
}
