/// <reference lib="esnext.disposable" preserve="true" />
// The public types. Option names are snake_case where transformers.js has them so; results follow its shapes.

/** What `pipeline()` can be asked for; the two names mean the same. */
export type ClassificationTask = 'sentiment-analysis' | 'text-classification';

/** One file of a model. */
export type ModelFileContent = Uint8Array | ArrayBuffer | Blob | URL;

/**
 * Where a model is: a Hugging Face folder by path (Node) or URL, or its files one by one, e.g.
 * `{ files: { 'config.json': …, 'tokenizer.json': …, 'model.safetensors': … } }`.
 */
export type ModelSource = string | URL | { readonly files: Readonly<Record<string, ModelFileContent>> };

/** What `progress_callback` is told while a model loads; sizes are in bytes, `progress` in percent. */
export type ProgressInfo =
  | { status: 'initiate' | 'download' | 'done'; name: string; file: string }
  | { status: 'progress'; name: string; file: string; loaded: number; total: number; progress: number }
  | { status: 'ready'; task: ClassificationTask; model: string };

export interface PipelineOptions {
  /**
   * What linear layers compute in: f32, or int8 weights by activations rounded to int8. By default what the file holds:
   * int8 weights compute in int8, all others in f32.
   */
  dtype?: 'fp32' | 'q8' | undefined;
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
  /** Run in a worker: by default where it keeps a page responsive, that is on a browser's main thread. */
  worker?: boolean | undefined;
  /** Time the model on this device once it is loaded, as `calibrate()` does. */
  calibrate?: boolean | undefined;
  /** Cancels loading. */
  signal?: AbortSignal | null | undefined;
  /** The folder (URL, ending in `/`) that serves the `.wasm` files, the workers' `.mjs` and `models/` if they were moved. */
  wasmPaths?: string | URL | undefined;
  /** The bytes of `latformer.wasm` or `latformer-relaxed.wasm`; they run on one thread. */
  wasmBinary?: Uint8Array | ArrayBuffer | undefined;
}

/** Two texts that are judged together, e.g. whether one paraphrases the other. */
export interface TextPair {
  readonly text: string;
  readonly text_pair?: string | null | undefined;
}

/** One thing to classify. */
export type ClassificationInput = string | TextPair;

export interface ClassificationOptions {
  /** How many labels, best first. Default 1; null or 0 for all. */
  top_k?: number | null | undefined;
  /** Speedup of this call, from 1 to `maxSpeedup`. */
  speedup?: number | undefined;
  /** Milliseconds for each input of this call, above 0, instead of a speedup; null for none. */
  latency_budget?: number | null | undefined;
  /** Text longer than the model can read: cut (default), or read in windows whose scores are averaged. */
  long_text?: 'truncate' | 'windows' | undefined;
  /** Add `stats` to each result. */
  stats?: boolean | undefined;
  /** Cancels the call. */
  signal?: AbortSignal | null | undefined;
}

export interface LabelScore {
  label: string;
  score: number;
}

/** A token's place: `text.slice(begin, end)` is what it stands for. */
export interface TokenSpan {
  begin: number;
  end: number;
  /** Which word it is a piece of, counted over the input; null for tokens that the tokenizer added. */
  word_id: number | null;
  /** 0: of `text`, 1: of `text_pair`; null for tokens that the tokenizer added. */
  sequence_id: 0 | 1 | null;
}

/** What happened inside. With `long_text: 'windows'` the tokens of all windows are counted in a row. */
export interface Stats {
  /** Tokens read, `[CLS]` and `[SEP]` included. */
  tokens: number;
  /** Word-vectors that left each layer, the rest row included. */
  tokens_per_layer: number[];
  /** For each layer, the positions of the tokens whose word-vectors stayed. */
  kept: number[][];
  /** For each token, by position, its place in the text. */
  words: TokenSpan[];
  /** What was asked for; null if it was a latency budget. */
  requested_speedup: number | null;
  /**
   * What the schedule gives: in milliseconds as predicted if the model is calibrated, else in multiply-accumulates. Below
   * the request for very short texts, and, in milliseconds, where the model was not validated for more.
   */
  achieved_speedup: number;
  /** Milliseconds that were asked for, if they were. */
  latency_budget: number | null;
  /** Whether the budget can be met, as predicted; null without one. */
  within_budget: boolean | null;
  /** If the model is calibrated: what nearly all calls with this input alone stay below. */
  predicted_milliseconds: number | null;
  /** Multiply-accumulates of the encoder. */
  macs: number;
  /** Time in the engine; texts that ran together share theirs by `macs`. */
  milliseconds: number;
  /** Whether the model came with a profile.json or runs with the default profile. */
  profile: 'model' | 'default';
  /** True if the text was longer than the model can read and was cut. */
  truncated: boolean;
}

export interface LabelScoreWithStats extends LabelScore {
  /** The same object for all labels of one input. */
  stats: Stats;
}

/** What a model is, and what it was made for. */
export interface ModelInfo {
  labels: string[];
  problem_type: 'single_label_classification' | 'multi_label_classification' | 'regression';
  vocab_size: number;
  hidden_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  intermediate_size: number;
  /** Tokens of the longest input, special tokens included. */
  max_tokens: number;
  max_speedup: number;
  profile: {
    source: 'model' | 'default';
    dropped: 'merge' | 'discard';
    retention: number[];
    acc: number[];
  };
  /** What its linear layers compute in. */
  dtype: 'fp32' | 'q8';
  /** How many threads run it. */
  threads: number;
  /** The instructions that its matrices are multiplied with, for people. */
  kernels: string;
  /** The WebAssembly file that runs: the name of one in the package, or `wasmBinary` where that was given. */
  binary: string;
}

/** How long texts take on this device. */
export interface Calibration {
  /** Measured now, or kept from an earlier time. */
  source: 'measured' | 'cache';
  /** At speedup 1, as predicted, for lengths that double up to `max_tokens`. */
  texts: { tokens: number; milliseconds: number }[];
}

export interface CalibrationOptions {
  /** Measure even if an earlier calibration is kept. */
  fresh?: boolean | undefined;
}

/** The result for one label: with `stats` where they were asked for. */
export type ClassificationResult<O> = O extends { readonly stats: infer S }
  ? S extends true
    ? LabelScoreWithStats
    : LabelScore
  : LabelScore;

/** The results for an array: a label for each input, or a list of labels for each when `top_k` is not 1. */
export type ClassificationBatchResult<O> = O extends { readonly top_k?: infer K }
  ? unknown extends K // top_k is not mentioned
    ? ClassificationResult<O>[]
    : [K] extends [1 | undefined]
      ? ClassificationResult<O>[]
      : number extends K // known at run time only
        ? ClassificationResult<O>[] | ClassificationResult<O>[][]
        : 1 extends K
          ? ClassificationResult<O>[] | ClassificationResult<O>[][]
          : ClassificationResult<O>[][]
  : ClassificationResult<O>[];

export interface TextClassificationPipeline {
  /** Classifies one text or pair. */
  <const O extends ClassificationOptions = {}>(
    input: ClassificationInput,
    options?: O,
  ): Promise<ClassificationResult<O>[]>;
  /** Classifies many; answers in the same order. */
  <const O extends ClassificationOptions = {}>(
    inputs: readonly ClassificationInput[],
    options?: O,
  ): Promise<ClassificationBatchResult<O>>;

  readonly task: ClassificationTask;
  readonly info: ModelInfo;
  /** The largest speedup that the profile was validated for. */
  readonly maxSpeedup: number;
  getSpeedup(): number;
  /** Speed of later calls; finite, from 1 to `maxSpeedup`, else a RangeError. */
  setSpeedup(speedup: number): void;
  getLatencyBudget(): number | null;
  /**
   * Milliseconds for each input of later calls, above 0, else a RangeError: each runs with the smallest speedup whose
   * predicted time fits. null, or setSpeedup(), ends it. Calibrates first where that was not done; there is no need to
   * await it.
   */
  setLatencyBudget(milliseconds: number | null): Promise<void>;
  /**
   * Times the model on this device, for about a quarter of a second, or takes what is kept from an earlier time. From
   * then on a speedup is one of time, not of multiply-accumulates.
   */
  calibrate(options?: CalibrationOptions): Promise<Calibration>;
  /** Gives the memory back. Calls that are not done, and later ones, reject with code 'disposed'. May be called twice. */
  dispose(): Promise<void>;
  [Symbol.dispose](): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Loads a model for a task; without `model`, the one that comes with the package. */
export type PipelineFactory = (
  task: ClassificationTask,
  model?: ModelSource | null,
  options?: PipelineOptions,
) => Promise<TextClassificationPipeline>;
