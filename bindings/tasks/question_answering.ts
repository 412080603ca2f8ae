// Question answering: the callable that pipeline('question-answering') resolves to. The head says of each token of the context how
// likely an answer begins and ends there; a span's score is the product of the two, as in transformers.
//
//   start, end = softmax over the tokens of the context and [CLS]      score of no answer = start[CLS] end[CLS]
import { inputOf } from '../arguments/encoder.js';
import { checkQuestionOptions, checkQuestions } from '../arguments/question_answering.js';
import type { CheckedQuestion, CheckedQuestionOptions } from '../arguments/question_answering.js';
import { isArray } from '../arguments/values.js';
import type { Engine, RawWindow } from '../engine.js';
import type { Calibrator } from '../time/calibration.js';
import type { BaseModelInfo } from '../types/model.js';
import type {
  FoundAnswer,
  QuestionAnsweringOptions,
  QuestionAnsweringPipeline,
  QuestionAnsweringTask,
  QuestionInput,
} from '../types/question_answering.js';
import { EncoderPipeline } from './encoder_base.js';
import type { Encoded } from './encoder_base.js';
import { callable } from './pipeline_base.js';
import { activations } from './scores.js';
import { rowsOfTokens } from './token_rows.js';
import type { WindowRows } from './token_rows.js';

interface Span {
  first: number;
  last: number;
  score: number;
}

const isOfContext = ({ special, sequenceIds }: RawWindow, at: number): boolean =>
  special[at] !== 1 && sequenceIds[at] === 1;

/** The best spans of a window, and the score of there being none. */
function spansOf({ window, rows }: WindowRows, most: number, longest: number): { spans: Span[]; none: number } {
  const of = (side: number): Float32Array =>
    activations.softmax(
      Float32Array.from(rows, (row, at) => (at === 0 || isOfContext(window, at) ? (row[side] as number) : -Infinity)),
    );
  const [start, end] = [of(0), of(1)];
  const spans: Span[] = [];
  for (let first = 1; first < rows.length; ++first) {
    if (!isOfContext(window, first)) continue;
    for (let last = first; last < Math.min(first + longest, rows.length) && isOfContext(window, last); ++last) {
      spans.push({ first, last, score: Math.fround((start[first] as number) * (end[last] as number)) });
    }
  }
  spans.sort((a, b) => b.score - a.score);
  return { spans: spans.slice(0, most), none: (start[0] as number) * (end[0] as number) };
}

/** Moves a span's ends to those of its words. */
function aligned({ window: { continues, special } }: WindowRows, { first, last, score }: Span): Span {
  const goesOn = (at: number): boolean => continues[at] === 1 && special[at - 1] !== 1;
  while (goesOn(first)) --first;
  while (last + 1 < continues.length && special[last + 1] !== 1 && goesOn(last + 1)) ++last;
  return { first, last, score };
}

class Answerer extends EncoderPipeline<BaseModelInfo> {
  async answer(
    input: QuestionInput | readonly QuestionInput[],
    given?: QuestionAnsweringOptions,
  ): Promise<FoundAnswer | FoundAnswer[] | (FoundAnswer | FoundAnswer[])[]> {
    const options = checkQuestionOptions(given, this.speedDefaults, this.info.max_tokens);
    const questions = checkQuestions(input);
    const inputs = questions.map(({ question, context }) => inputOf(question, context));
    const encoded = await this.admitted(() => this.encoded(inputs, { ...options, traces: true }));
    const answers = encoded.map((each, i) => this.#found(each, questions[i] as CheckedQuestion, options));
    const told = options.top_k === 1 ? answers.map((each) => each[0] as FoundAnswer) : answers;
    return isArray(input) ? told : (told[0] as FoundAnswer | FoundAnswer[]);
  }

  #found(encoded: Encoded, { context }: CheckedQuestion, options: CheckedQuestionOptions): FoundAnswer[] {
    const { top_k, longestAnswer, mayBeImpossible, alignsToWords } = options;
    const { stats } = encoded;
    const found = new Map<string, FoundAnswer>(); // spans of the same text count together
    let impossible = Infinity;
    for (const window of rowsOfTokens(encoded, 2)) {
      const most = alignsToWords ? 2 * top_k + 10 : top_k; // some may become the same
      const { spans, none } = spansOf(window, most, longestAnswer);
      impossible = Math.min(impossible, none);
      for (const span of spans) {
        const { first, last, score } = alignsToWords ? aligned(window, span) : span;
        const [start = 0, end = 0] = [window.spans[2 * first], window.spans[2 * last + 1]];
        const answer = context.slice(start, end);
        const before = found.get(answer.toLowerCase());
        if (before === undefined)
          found.set(answer.toLowerCase(), { score, answer, start, end, ...(stats && { stats }) });
        else before.score += score;
      }
    }
    const answers = [...found.values()];
    if (mayBeImpossible || answers.length === 0) {
      answers.push({ score: impossible, answer: '', start: 0, end: 0, ...(stats && { stats }) });
    }
    return answers.sort((a, b) => b.score - a.score).slice(0, top_k);
  }
}

export function questionAnsweringPipeline(
  engine: Engine,
  info: BaseModelInfo,
  task: QuestionAnsweringTask,
  calibrator: Calibrator,
  maxPending: number,
): QuestionAnsweringPipeline {
  const answerer = new Answerer(engine, info, calibrator, maxPending);
  const answer = (
    input: QuestionInput | readonly QuestionInput[] | string,
    second?: QuestionAnsweringOptions | string,
    third?: QuestionAnsweringOptions,
  ) =>
    typeof input === 'string'
      ? answerer.answer({ question: input, context: second as string }, third)
      : answerer.answer(input, second as QuestionAnsweringOptions);
  return callable(answer, answerer, { task }) as unknown as QuestionAnsweringPipeline;
}
