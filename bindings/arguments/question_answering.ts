// What a question answerer is given.
import { withoutAliases } from './aliases.js';
import { checkEncoderOptions, pairOptions } from './encoder.js';
import type { CheckedEncoderOptions } from './encoder.js';
import type { SpeedDefaults } from './speed.js';
import { boolean, fieldsOf, isArray, reading, show, text, wholeNumber } from './values.js';
import type { Fields } from './values.js';

export interface CheckedQuestionOptions extends CheckedEncoderOptions {
  top_k: number;
  longestAnswer: number;
  windowTokens: number;
  windowStride: number;
  mayBeImpossible: boolean;
  alignsToWords: boolean;
}

const usual = { window: 384, stride: 128, answer: 15 };

const flag = (given: Fields, name: string, otherwise: boolean): boolean =>
  given.has(name) ? boolean(given.get(name), name) : otherwise;

export function checkQuestionOptions(value: unknown, defaults: SpeedDefaults, most: number): CheckedQuestionOptions {
  const given = fieldsOf(withoutAliases(value), 'options', [
    'top_k',
    'max_answer_len',
    'max_seq_len',
    'doc_stride',
    'handle_impossible_answer',
    'align_to_words',
    ...pairOptions,
  ]);
  const count = (name: string, otherwise: number, least: number): number =>
    wholeNumber(given.get(name) ?? otherwise, name, least);
  const windowTokens = Math.min(count('max_seq_len', usual.window, 1), most);
  const windowStride = count('doc_stride', Math.min(windowTokens >> 1, usual.stride), 0);
  if (windowStride >= windowTokens) {
    throw new RangeError(`doc_stride must be below max_seq_len (${windowTokens}), not ${windowStride}`);
  }
  return {
    ...checkEncoderOptions(given, defaults),
    top_k: count('top_k', 1, 1),
    longestAnswer: count('max_answer_len', usual.answer, 1),
    windowTokens,
    windowStride,
    mayBeImpossible: flag(given, 'handle_impossible_answer', false),
    alignsToWords: flag(given, 'align_to_words', true),
  };
}

export interface CheckedQuestion {
  question: string;
  context: string;
}

function checkQuestion(value: unknown, where: string): CheckedQuestion {
  if (typeof value !== 'object' || value === null || isArray(value)) {
    throw new TypeError(`${where} must be { question, context }, not ${show(value)}`);
  }
  const given = fieldsOf(value, where, ['question', 'context']);
  const filled = (name: 'question' | 'context'): string => {
    const checked = text(given.get(name), `${name} of ${where}`);
    if (checked.trim() !== '') return checked;
    throw new RangeError(`${name} of ${where} is empty`);
  };
  return { question: filled('question'), context: filled('context') };
}

export function checkQuestions(value: unknown): CheckedQuestion[] {
  if (!isArray(value)) return [checkQuestion(value, 'the input')];
  return reading('the input', () => Array.from<unknown>(value)).map((each, i) => checkQuestion(each, `input ${i}`));
}
