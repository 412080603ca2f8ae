// What calls of all tasks of an encoder are given.
import type { TextInput } from '../engine.js';
import { checkLatencyBudget, checkSpeedup } from './speed.js';
import type { SpeedDefaults } from './speed.js';
import { abortSignal, boolean, isArray, oneOf, reading, show, text, wholeNumber } from './values.js';
import type { Fields } from './values.js';

export interface CheckedEncoderOptions {
  speedup: number;
  budget: number | undefined; // of each input, instead of speedup
  windows: boolean;
  stats: boolean;
  signal: AbortSignal | undefined;
}

export const encoderOptions = ['speedup', 'latency_budget', 'long_text', 'stats', 'signal'] as const;

/** Of pairs, which cannot be cut into windows. */
export const pairOptions = encoderOptions.filter((name) => name !== 'long_text');

export function checkEncoderOptions(given: Fields, defaults: SpeedDefaults): CheckedEncoderOptions {
  if (given.has('speedup') && (given.get('latency_budget') ?? null) !== null) {
    throw new TypeError('speedup and latency_budget exclude each other');
  }
  let { budget } = defaults;
  if (given.has('speedup')) budget = undefined;
  if (given.has('latency_budget')) budget = checkLatencyBudget(given.get('latency_budget'));
  return {
    speedup: given.has('speedup') ? checkSpeedup(given.get('speedup'), defaults.maxSpeedup) : defaults.speedup,
    budget,
    windows:
      given.has('long_text') && oneOf(given.get('long_text'), 'long_text', ['truncate', 'windows']) === 'windows',
    stats: given.has('stats') && boolean(given.get('stats'), 'stats'),
    signal: abortSignal(given.get('signal'), 'signal'),
  };
}

/** How many, best first; null and 0 are all. */
export function checkTopK(value: unknown): number {
  return value === null || value === 0 ? Infinity : wholeNumber(value, 'top_k', 0);
}

/** A text, or several, by `what`; a copy, so that the caller may go on changing his array. */
export function checkTexts(value: unknown, what: string): string[] {
  if (!isArray(value)) return [text(value, `the ${what}`)];
  const texts = reading(`the ${what}s`, () => Array.from<unknown>(value));
  return texts.map((each, index) => text(each, `${what} ${index}`));
}

export const inputOf = (text: string, text_pair?: string): TextInput => ({ text, text_pair });

/** What stream() reads from. */
export function checkSource(value: unknown): void {
  const isIterable =
    typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
  if (!isIterable) throw new TypeError(`stream() reads from an iterable or async iterable, not ${show(value)}`);
}
