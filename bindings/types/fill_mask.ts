// Filling masked words: options, results.
import type { AdjustablePipeline, CallOptions } from './adjustable.js';
import type { Stats } from './classification.js';
import type { BaseModelInfo } from './model.js';

export type FillMaskTask = 'fill-mask';

export interface FillMaskOptions extends CallOptions {
  /** How many words, likeliest first. Default 5; null or 0 for all. */
  top_k?: number | null | undefined;
  /** Of transformers: texts are cut in any case, and never padded. */
  truncation?: true | undefined;
  /** Speedup of this call, from 1 to `maxSpeedup`. A mask that is dropped is filled by what it was before. */
  speedup?: number | undefined;
}

export interface FilledMask {
  score: number;
  /** The id of the token, */
  token: number;
  /** what it stands for, */
  token_str: string;
  /** and the text with it. */
  sequence: string;
  /** The same object for all of a text, where it was asked for. */
  stats?: Stats;
}

export interface FillMaskModelInfo extends BaseModelInfo {
  /** What a text has in the place of a word, "[MASK]" say. */
  mask_token: string;
  mask_token_id: number;
}

export interface FillMaskPipeline extends AdjustablePipeline {
  /** The likeliest words for the mask of a text; of a text with several masks, a list for each. */
  (text: string, options?: FillMaskOptions): Promise<FilledMask[] | FilledMask[][]>;
  /** The same of many; answers in the same order. */
  (texts: readonly string[], options?: FillMaskOptions): Promise<(FilledMask[] | FilledMask[][])[]>;

  readonly task: FillMaskTask;
  readonly info: FillMaskModelInfo;
}
