// How fast a call is to be: --speedup, or --latency-budget instead.
import { checkSpeedup, numberOption, positiveOption } from './command.js';
import { misuse } from './failure.js';

export const speedOptions = {
  speedup: { type: 'string' },
  'latency-budget': { type: 'string' },
} as const;

export type Speed = { speedup: number } | { latency_budget: number };

export function parseSpeed({
  speedup,
  'latency-budget': budget,
}: {
  speedup?: string;
  'latency-budget'?: string;
}): Speed {
  if (budget === undefined) return { speedup: numberOption('speedup', speedup ?? '1', 1) };
  if (speedup !== undefined) throw misuse('--speedup and --latency-budget exclude each other');
  return { latency_budget: positiveOption('latency-budget', budget) };
}

/** Held against what the model was validated for. */
export function checkSpeed(speed: Speed, maxSpeedup: number): void {
  if ('speedup' in speed) checkSpeedup('speedup', speed.speedup, maxSpeedup);
}
