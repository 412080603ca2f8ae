// Ranking documents by a query: options, results.
import type { AdjustablePipeline, CallOptions } from './adjustable.js';
import type { Stats } from './classification.js';
import type { BaseModelInfo } from './model.js';

export type RankingTask = 'text-ranking';

export interface RankingOptions extends CallOptions {
  /** How many documents, best first. Default, or null or 0: all. */
  top_k?: number | null | undefined;
  /** Add `text`, the document, to each result. */
  return_documents?: boolean | undefined;
  /** What makes scores of logits; by default, or null, what the model asks for (`info.function_to_apply`). */
  function_to_apply?: 'sigmoid' | 'none' | null | undefined;
  /** Of transformers: texts are cut in any case, and never padded. */
  truncation?: true | undefined;
  /** Milliseconds for the query and all its documents together, above 0, instead of a speedup; null for none. */
  latency_budget?: number | null | undefined;
  /** Add `stats` to each result. In a latency budget, `predicted_milliseconds` and `within_budget` are of the whole call. */
  stats?: boolean | undefined;
}

/** As the `rank` of sentence-transformers' CrossEncoder has it. */
export interface RankingResult {
  /** Which of the documents. */
  corpus_id: number;
  score: number;
}

/** With what was asked for. */
export type RankedDocument<O> = RankingResult &
  (O extends { readonly return_documents: true } ? { text: string } : { text?: string }) &
  (O extends { readonly stats: true } ? { stats: Stats } : { stats?: Stats });

/** What a cross-encoder is. */
export interface RankingModelInfo extends BaseModelInfo {
  /** What makes scores of its logits where a call does not say. */
  function_to_apply: 'sigmoid' | 'none';
}

export interface TextRankingPipeline extends AdjustablePipeline {
  /** The documents by how well each answers the query, best first. */
  <const O extends RankingOptions = {}>(
    query: string,
    documents: readonly string[],
    options?: O,
  ): Promise<RankedDocument<O>[]>;

  readonly task: RankingTask;
  readonly info: RankingModelInfo;
}
