// Zero-shot classification: options, results.
import type { AdjustablePipeline, CallOptions } from './adjustable.js';
import type { ModelInfo, Stats } from './classification.js';

export type ZeroShotTask = 'zero-shot-classification';

export interface ZeroShotOptions extends CallOptions {
  /** What the model judges of each label, which takes the place of `{}`. Default 'This example is {}.' */
  hypothesis_template?: string | undefined;
  /** Each label by itself: several can be true, and scores do not sum to 1. */
  multi_label?: boolean | undefined;
  /** Of transformers: texts are cut in any case, and never padded. */
  truncation?: true | undefined;
  /** Milliseconds for each text with all its labels, above 0, instead of a speedup; null for none. */
  latency_budget?: number | null | undefined;
  /** Add `stats` to each result. In a latency budget, `predicted_milliseconds` and `within_budget` are of all its labels. */
  stats?: boolean | undefined;
}

export interface ZeroShotResult {
  /** The text. */
  sequence: string;
  /** The candidates, likeliest first. */
  labels: string[];
  /** Of each. */
  scores: number[];
  /** Of the text with each of the labels, where it was asked for. */
  stats?: Stats[];
}

/** What a model of natural language inference is. */
export interface ZeroShotModelInfo extends ModelInfo {
  /** Which of `labels` says that a text entails the hypothesis. */
  entailment_id: number;
}

export interface ZeroShotClassificationPipeline extends AdjustablePipeline {
  /** Which of the labels fit a text; candidates are an array, or one string with commas between. */
  (text: string, candidate_labels: string | readonly string[], options?: ZeroShotOptions): Promise<ZeroShotResult>;
  /** The same of many; answers in the same order. */
  (
    texts: readonly string[],
    candidate_labels: string | readonly string[],
    options?: ZeroShotOptions,
  ): Promise<ZeroShotResult[]>;

  readonly task: ZeroShotTask;
  readonly info: ZeroShotModelInfo;
}
