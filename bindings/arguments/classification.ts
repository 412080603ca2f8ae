// What a classifier is given.
import { scoreFunctions } from '../choices.js';
import type { ScoreFunction } from '../choices.js';
import type { TextInput } from '../engine.js';
import type { ClassificationInput } from '../types/classification.js';
import { withoutAliases } from './aliases.js';
import { checkLatencyBudget, checkSpeedup } from './speed.js';
import type { SpeedDefaults } from './speed.js';
import { abortSignal, boolean, fieldsOf, isArray, oneOf, reading, show, text, wholeNumber } from './values.js';

export interface CheckedClassificationOptions {
  top_k: number; // Infinity for all
  speedup: number;
  budget: number | undefined; // of each input, instead of speedup
  windows: boolean;
  scoreFunction: ScoreFunction | undefined; // undefined: the model's own
  stats: boolean;
  signal: AbortSignal | undefined;
}

export function checkClassificationOptions(value: unknown, defaults: SpeedDefaults): CheckedClassificationOptions {
  const known = ['top_k', 'speedup', 'latency_budget', 'long_text', 'function_to_apply', 'stats', 'signal'];
  const given = fieldsOf(withoutAliases(value), 'options', known);

  if (given.has('speedup') && (given.get('latency_budget') ?? null) !== null) {
    throw new TypeError('speedup and latency_budget exclude each other');
  }
  let { budget } = defaults;
  if (given.has('speedup')) budget = undefined;
  if (given.has('latency_budget')) budget = checkLatencyBudget(given.get('latency_budget'));

  const top_k = given.has('top_k') ? given.get('top_k') : 1;
  return {
    top_k: top_k === null || top_k === 0 ? Infinity : wholeNumber(top_k, 'top_k', 0),
    speedup: given.has('speedup') ? checkSpeedup(given.get('speedup'), defaults.maxSpeedup) : defaults.speedup,
    budget,
    windows:
      given.has('long_text') && oneOf(given.get('long_text'), 'long_text', ['truncate', 'windows']) === 'windows',
    scoreFunction:
      (given.get('function_to_apply') ?? null) === null
        ? undefined
        : oneOf(given.get('function_to_apply'), 'function_to_apply', scoreFunctions),
    stats: given.has('stats') && boolean(given.get('stats'), 'stats'),
    signal: abortSignal(given.get('signal'), 'signal'),
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

/** What stream() reads from. */
export function checkSource(value: unknown): void {
  const isIterable =
    typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
  if (!isIterable) throw new TypeError(`stream() reads from an iterable or async iterable, not ${show(value)}`);
}
