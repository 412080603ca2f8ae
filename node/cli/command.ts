// What the subcommands have in common: their shape, and options read by node:util's parseArgs with errors that tell a
// user what to do.
import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';
import { misuse } from './failure.js';

export interface Command {
  summary: string;
  help: string;
  /** `signal` is aborted by SIGINT; nothing is written after that. */
  run(args: string[], signal: AbortSignal): Promise<void>;
}

type Options = NonNullable<ParseArgsConfig['options']>;

export function parseOptions<const T extends Options>(args: string[], options: T) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    // "Unknown option '--x'. To specify a positional argument starting with a '-', …": the first sentence says it.
    const { message } = error as Error;
    throw misuse(message.replace(/\.\s[\s\S]*$/, '').replace(/\n/g, ' '));
  }
}

export function numberOption(name: string, text: string, least: number): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (!Number.isFinite(value) || value < least) {
    throw misuse(`--${name} must be a number of at least ${least}, not '${text}'`);
  }
  return value;
}

export function positiveOption(name: string, text: string): number {
  const value = numberOption(name, text, 0);
  if (value === 0) throw misuse(`--${name} must be above 0`);
  return value;
}

export function wholeNumberOption(name: string, text: string, least: number): number {
  const value = numberOption(name, text, least);
  if (!Number.isSafeInteger(value)) throw misuse(`--${name} must be a whole number, not '${text}'`);
  return value;
}

export function choiceOption<const T extends string>(name: string, text: string, choices: readonly T[]): T {
  const choice = choices.find((each) => each === text);
  if (choice === undefined) throw misuse(`--${name} must be ${choices.join(' or ')}, not '${text}'`);
  return choice;
}

/** A speedup that was asked for by option, held against what the model was validated for. */
export function checkSpeedup(name: string, speedup: number, maxSpeedup: number): void {
  if (speedup > maxSpeedup) throw misuse(`--${name} ${speedup} is more than this model's maximum, ${maxSpeedup}`);
}
