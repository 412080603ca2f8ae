// Speed: what setSpeedup(), setLatencyBudget() and calibrate() are given.
import { abortSignal, boolean, fieldsOf, show } from './values.js';

/** What a call does that says nothing of speed. */
export interface SpeedDefaults {
  speedup: number;
  budget: number | undefined; // milliseconds, instead of the speedup
  maxSpeedup: number;
}

export function checkSpeedup(value: unknown, maxSpeedup: number): number {
  if (typeof value !== 'number') throw new TypeError(`speedup must be a number, not ${show(value)}`);
  if (!(value >= 1 && value <= maxSpeedup)) {
    throw new RangeError(`speedup must be from 1 to ${maxSpeedup} (maxSpeedup), not ${value}`);
  }
  return value;
}

/** Milliseconds; null is none. */
export function checkLatencyBudget(value: unknown): number | undefined {
  if (value === null) return undefined;
  if (typeof value !== 'number') throw new TypeError(`a latency budget must be a number or null, not ${show(value)}`);
  if (!(value > 0 && value < Infinity)) {
    throw new RangeError(`a latency budget must be finite and above 0 milliseconds, not ${value}`);
  }
  return value;
}

export function checkCalibrationOptions(value: unknown): { fresh: boolean; signal: AbortSignal | undefined } {
  const given = fieldsOf(value, 'options of calibrate()', ['fresh', 'signal']);
  return {
    fresh: given.has('fresh') && boolean(given.get('fresh'), 'fresh'),
    signal: abortSignal(given.get('signal'), 'signal'),
  };
}
