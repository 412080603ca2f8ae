// Text classification: inputs, options, results, statistics.
import type { AdjustablePipeline, CallOptions } from './adjustable.js';
import type { BaseModelInfo } from './model.js';

/** What `pipeline()` can be asked for; the two names mean the same. */
export type ClassificationTask = 'sentiment-analysis' | 'text-classification';

/** Two texts that are judged together, e.g. whether one paraphrases the other. */
export interface TextPair {
  readonly text: string;
  readonly text_pair?: string | null | undefined;
}

/** One thing to classify. */
export type ClassificationInput = string | TextPair;

export interface ClassificationOptions extends CallOptions {
  /** How many labels, best first. Default 1; null or 0 for all. */
  top_k?: number | null | undefined;
  /** Of transformers: texts are cut in any case, unless `long_text` says otherwise, and never padded. */
  truncation?: true | undefined;
  /** Text longer than the model can read: cut (default), or read in windows whose scores are averaged. */
  long_text?: 'truncate' | 'windows' | undefined;
  /**
   * What makes scores of logits, as in transformers: over all labels, for each by itself, or nothing, which gives the logits. By
   * default, or null, what the model was trained for.
   */
  function_to_apply?: 'softmax' | 'sigmoid' | 'none' | null | undefined;
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

/** An input of stream() and what an array would have at its place: a label, or a list of labels when `top_k` is not 1. */
export interface Streamed<Input, Output> {
  input: Input;
  output: Output;
}

/** What a classifier is. */
export interface ModelInfo extends BaseModelInfo {
  labels: string[];
  problem_type: 'single_label_classification' | 'multi_label_classification' | 'regression';
}

export interface TextClassificationPipeline extends AdjustablePipeline {
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

  /**
   * Classifies what comes from an iterable, an async iterable or a Node stream, of any length: answers in the same order,
   * each as soon as it and those before it are there; reads ahead a little, and no more than is taken. Leaving the loop
   * ends it and closes the source. Node's `pipeline()` and `Duplex.from()` take it as a transform.
   */
  stream<Input extends ClassificationInput, const O extends ClassificationOptions = {}>(
    source: AsyncIterable<Input> | Iterable<Input>,
    options?: O,
  ): AsyncGenerator<Streamed<Input, ClassificationBatchResult<O>[number]>, void, undefined>;

  readonly task: ClassificationTask;
  readonly info: ModelInfo;
}
