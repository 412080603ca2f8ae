// pipeline() itself: what it is asked for, and what it tells while it loads. Option names are snake_case where transformers.js
// has them so; results follow its shapes.
import type { TextClassificationPipeline } from './classification.js';
import type { FeatureExtractionPipeline } from './embedding.js';
import type { FillMaskPipeline } from './fill_mask.js';
import type { TextGenerationPipeline } from './generation.js';
import type { ModelSource } from './model.js';
import type { QuestionAnsweringPipeline } from './question_answering.js';
import type { TextRankingPipeline } from './ranking.js';
import type { TokenClassificationPipeline } from './token_classification.js';
import type { Tokenizer } from './tokenizer.js';
import type { ZeroShotClassificationPipeline } from './zero_shot.js';

/** What each task gives. */
export interface Pipelines {
  'sentiment-analysis': TextClassificationPipeline;
  /** The same. */
  'text-classification': TextClassificationPipeline;
  'zero-shot-classification': ZeroShotClassificationPipeline;
  'text-ranking': TextRankingPipeline;
  'token-classification': TokenClassificationPipeline;
  /** The same. */
  ner: TokenClassificationPipeline;
  'fill-mask': FillMaskPipeline;
  'question-answering': QuestionAnsweringPipeline;
  'feature-extraction': FeatureExtractionPipeline;
  'text-generation': TextGenerationPipeline;
}

/**
 * What `progress_callback` is told while a model loads; sizes are in bytes, `progress` in percent. Each file begins with
 * 'initiate' and ends with 'done', `absent` where it need not be there and is not; 'download' has its size where that is told.
 * 'progress_total' is of all files together, the WebAssembly among them. It comes once all that will be read have been asked
 * for, so that `total` is the whole from its first time on, and `progress` never falls; of a file whose size nobody tells, what
 * has arrived counts.
 */
export type ProgressInfo =
  | { status: 'initiate'; name: string; file: string }
  | { status: 'download'; name: string; file: string; total?: number }
  | { status: 'done'; name: string; file: string; absent?: true }
  | {
      status: 'progress_total';
      name: string;
      loaded: number;
      total: number;
      progress: number;
      files: Record<string, { loaded: number; total: number }>;
    }
  | { status: 'progress'; name: string; file: string; loaded: number; total: number; progress: number }
  | { status: 'ready'; task: keyof Pipelines | 'tokenizer'; model: string };

/**
 * transformers.js' names: 'auto' lets the model decide, 'int8' and 'uint8' are 'q8', 'int4', 'bnb4' and 'q4f16' are 'q4', and
 * 'fp16' computes in 'fp32'.
 */
export type DtypeAlias = 'auto' | 'fp16' | 'int8' | 'uint8' | 'int4' | 'bnb4' | 'q4f16';

export interface PipelineOptions {
  /**
   * What linear layers compute in: f32, or weights of 8 or 4 bits by activations rounded to 8; a file with other weights is
   * rounded as it loads. By default what the file holds: integers compute in int8, all others in f32.
   */
  dtype?: 'fp32' | 'q8' | 'q4' | DtypeAlias | null | undefined;
  /** Of transformers.js before it had `dtype`: true is 'q8', false 'fp32'. */
  quantized?: boolean | undefined;
  /** Called as files arrive. */
  progress_callback?: ((info: ProgressInfo) => void) | null | undefined;
  /**
   * At most this many threads; never more than there are processors, or 64. Threads need shared memory: Node has it, a
   * page only if it is cross-origin isolated and a worker runs the model. Elsewhere it is one; `info.threads` tells. By
   * default one for a small model, else half of the processors and at most 4.
   */
  threads?: number | undefined;
  /**
   * For tests and comparisons: which instructions to use, relaxed SIMD or only what every engine has. By default relaxed
   * SIMD where the engine has it.
   */
  kernels?: 'base' | 'relaxed' | undefined;
  /** Run in a worker: by default on main threads, of a page or of Node, which stay responsive so. */
  worker?: boolean | undefined;
  /**
   * Node: this many workers, each with the model in memory of its own (natively its weights are shared) and, unless `threads` says more, one thread. Calls,
   * and the texts of one call, are dealt out to them. Default 1.
   */
  workers?: number | undefined;
  /** At most this many calls without an answer; further ones reject with code 'overloaded'. By default there is no limit. */
  maxPending?: number | undefined;
  /** Time the model on this device once it is loaded, as `calibrate()` does. */
  calibrate?: boolean | undefined;
  /** Of a model by name: a branch, tag or commit. Default 'main'. A commit is never asked for again once it is kept. */
  revision?: string | undefined;
  /** Node: where downloads are kept, instead of `env.cacheDir`. */
  cache_dir?: string | null | undefined;
  /** Nothing is fetched: folders, and what is kept of downloads, must do. */
  local_files_only?: boolean | undefined;
  /** Headers of requests for the model's files, for private hosts. They are sent to no other host. */
  headers?: HeadersInit | undefined;
  /** What fetches the model's files, instead of `env.fetch`. */
  fetch?: typeof fetch | null | undefined;
  /** Cancels loading. */
  signal?: AbortSignal | null | undefined;
  /**
   * What files of the model must hash to, by name: 'sha256-' and Base64 as in HTML's `integrity`, several with blanks between;
   * null if there must be no such file. Another hash is an error with code 'bad_model'. Files that are not named are not
   * checked; a name that no model has is a TypeError. `latformer inspect --hashes` prints them.
   */
  integrity?: Readonly<Record<string, string | null>> | null | undefined;
  /** The folder (URL, ending in `/`) that serves the `.wasm.gz` files, the workers' `.mjs` and `models/` if they were moved. */
  wasmPaths?: string | URL | undefined;
  /** The bytes of `latformer.wasm.gz` or `latformer-relaxed.wasm.gz`, gzipped or not; they run on one thread. */
  wasmBinary?: Uint8Array | ArrayBuffer | undefined;
  /**
   * What runs the model: 'native' is the addon for Node of a package like `@latformer/linux-x64-gnu`, an error with code
   * 'unsupported_runtime' where there is none; 'wasm' is WebAssembly; 'auto', the default, the addon where it is installed and
   * loads. `info.binary` tells. Other devices of transformers.js have no effect; `info.notes` says so.
   */
  device?: 'auto' | 'native' | 'wasm' | (string & {}) | null | undefined;
  /** Of transformers.js, without effect here; `info.notes` says so where that matters. */
  config?: object | null | undefined;
  subfolder?: string | undefined;
  model_file_name?: string | null | undefined;
  use_external_data_format?: boolean | number | undefined;
  session_options?: object | undefined;
}

/** Loads a model for a task; without `model`, the one that comes with the package, which classifies. */
export type PipelineFactory = <Task extends keyof Pipelines>(
  task: Task,
  model?: ModelSource | null,
  options?: PipelineOptions,
) => Promise<Pipelines[Task]>;

/** Loads the tokenizer of a model, without it; without `model`, that of the one that comes with the package. */
export type TokenizerFactory = (model?: ModelSource | null, options?: PipelineOptions) => Promise<Tokenizer>;
