// Token classification: options, results.
import type { AdjustablePipeline, CallOptions } from './adjustable.js';
import type { ModelInfo, Stats } from './classification.js';

/** The two names mean the same. */
export type TokenClassificationTask = 'token-classification' | 'ner';

/** What becomes of tokens: they stay apart, or neighbours of the same label are one group; of words by one of their tokens, or all. */
export type AggregationStrategy = 'none' | 'simple' | 'first' | 'average' | 'max';

export interface TokenClassificationOptions extends CallOptions {
  /** Default 'none'. */
  aggregation_strategy?: AggregationStrategy | undefined;
  /** Labels, or groups, to leave out. Default ['O']. */
  ignore_labels?: readonly string[] | undefined;
  /** Of transformers: texts are cut in any case, unless `long_text` says otherwise, and never padded. */
  truncation?: true | undefined;
  /** Speedup of this call, from 1 to `maxSpeedup`. Tokens that are dropped are judged by what they were before. */
  speedup?: number | undefined;
  /** Text longer than the model can read: cut (default), or read in windows, which needs an aggregation. */
  long_text?: 'truncate' | 'windows' | undefined;
}

interface Found {
  score: number;
  /** What the tokenizer made of it; `text.slice(start, end)` is what the text has. */
  word: string;
  start: number;
  end: number;
  /** The same object for all of a text, where it was asked for. */
  stats?: Stats;
}

export interface ClassifiedToken extends Found {
  entity: string;
  /** Which token of the text, [CLS] counted. */
  index: number;
}

export interface ClassifiedGroup extends Found {
  /** The label without "B-" or "I-". */
  entity_group: string;
}

export type TokenClassificationResult<O> = O extends { readonly aggregation_strategy: infer S }
  ? [S] extends ['none' | undefined]
    ? ClassifiedToken
    : 'none' extends S
      ? ClassifiedToken | ClassifiedGroup
      : ClassifiedGroup
  : ClassifiedToken;

export interface TokenClassificationPipeline extends AdjustablePipeline {
  /** What is found in one text. */
  <const O extends TokenClassificationOptions = {}>(text: string, options?: O): Promise<TokenClassificationResult<O>[]>;
  /** The same of many; answers in the same order. */
  <const O extends TokenClassificationOptions = {}>(
    texts: readonly string[],
    options?: O,
  ): Promise<TokenClassificationResult<O>[][]>;

  readonly task: TokenClassificationTask;
  readonly info: ModelInfo;
}
