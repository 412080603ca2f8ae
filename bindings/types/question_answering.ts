// Question answering: options, results.
import type { AdjustablePipeline, CallOptions } from './adjustable.js';
import type { Stats } from './classification.js';
import type { BaseModelInfo } from './model.js';

export type QuestionAnsweringTask = 'question-answering';

export interface QuestionInput {
  readonly question: string;
  /** Where the answer is looked for. */
  readonly context: string;
}

export interface QuestionAnsweringOptions extends CallOptions {
  /** How many answers, best first. Default 1. */
  top_k?: number | undefined;
  /** The most tokens of an answer. Default 15. */
  max_answer_len?: number | undefined;
  /** Tokens of a window, the question and special ones among them. Default 384, or what the model can read. */
  max_seq_len?: number | undefined;
  /** Tokens of the context that neighbouring windows share. Default 128, or half of a window. */
  doc_stride?: number | undefined;
  /** Whether "no answer", an empty text, is one of the answers. */
  handle_impossible_answer?: boolean | undefined;
  /** Whether answers are whole words. Default true. */
  align_to_words?: boolean | undefined;
  /** Speedup of this call, from 1 to `maxSpeedup`. Tokens that are dropped are judged by what they were before. */
  speedup?: number | undefined;
  /** Milliseconds for each question with all of its context, above 0, instead of a speedup; null for none. */
  latency_budget?: number | null | undefined;
}

export interface FoundAnswer {
  score: number;
  /** `context.slice(start, end)` */
  answer: string;
  start: number;
  end: number;
  /** The same object for all answers of a question, where it was asked for. */
  stats?: Stats;
}

/** One answer, or a list where `top_k` is not 1. */
export type QuestionAnsweringResult<O> = O extends { readonly top_k?: infer K }
  ? unknown extends K
    ? FoundAnswer
    : [K] extends [1 | undefined]
      ? FoundAnswer
      : 1 extends K
        ? FoundAnswer | FoundAnswer[]
        : number extends K
          ? FoundAnswer | FoundAnswer[]
          : FoundAnswer[]
  : FoundAnswer;

export interface QuestionAnsweringPipeline extends AdjustablePipeline {
  /** Where in the context the answer stands. */
  <const O extends QuestionAnsweringOptions = {}>(
    input: QuestionInput,
    options?: O,
  ): Promise<QuestionAnsweringResult<O>>;
  /** The same of many; answers in the same order. */
  <const O extends QuestionAnsweringOptions = {}>(
    inputs: readonly QuestionInput[],
    options?: O,
  ): Promise<QuestionAnsweringResult<O>[]>;
  /** As transformers.js has it. */
  <const O extends QuestionAnsweringOptions = {}>(
    question: string,
    context: string,
    options?: O,
  ): Promise<QuestionAnsweringResult<O>>;

  readonly task: QuestionAnsweringTask;
  readonly info: BaseModelInfo;
}
