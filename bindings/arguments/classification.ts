// What a classifier is given.
import { scoreFunctions } from '../choices.js';
import type { ScoreFunction } from '../choices.js';
import type { TextInput } from '../engine.js';
import type { ClassificationInput } from '../types/classification.js';
import { withoutAliases } from './aliases.js';
import { checkEncoderOptions, checkTopK, encoderOptions } from './encoder.js';
import type { CheckedEncoderOptions } from './encoder.js';
import type { SpeedDefaults } from './speed.js';
import { fieldsOf, isArray, oneOf, reading, show, text } from './values.js';

export interface CheckedClassificationOptions extends CheckedEncoderOptions {
  top_k: number; // Infinity for all
  scoreFunction: ScoreFunction | undefined; // undefined: the model's own
}

export function checkClassificationOptions(value: unknown, defaults: SpeedDefaults): CheckedClassificationOptions {
  const given = fieldsOf(withoutAliases(value), 'options', ['top_k', 'function_to_apply', ...encoderOptions]);
  return {
    ...checkEncoderOptions(given, defaults),
    top_k: given.has('top_k') ? checkTopK(given.get('top_k')) : 1,
    scoreFunction:
      (given.get('function_to_apply') ?? null) === null
        ? undefined
        : oneOf(given.get('function_to_apply'), 'function_to_apply', scoreFunctions),
  };
}

/** `where` says which input it is, for errors. */
function checkInput(value: unknown, where: string): TextInput {
  if (typeof value === 'string') return { text: text(value, where), text_pair: undefined };
  if (typeof value !== 'object' || value === null || isArray(value)) {
    throw new TypeError(`${where} must be a string or { text, text_pair }, not ${show(value)}`);
  }
  const given = fieldsOf(value, where, ['text', 'text_pair']);
  const pair = given.get('text_pair') ?? undefined;
  return {
    text: text(given.get('text'), `text of ${where}`),
    text_pair: pair === undefined ? undefined : text(pair, `text_pair of ${where}`),
  };
}

/** A copy of the inputs, so that the caller may go on changing his array. */
export function checkInputs(value: ClassificationInput | readonly ClassificationInput[]): TextInput[] {
  if (!isArray(value)) return [checkInput(value, 'the input')];
  const inputs = reading('the input', () => Array.from<unknown>(value));
  return inputs.map((each, index) => checkInput(each, `input ${index}`));
}
