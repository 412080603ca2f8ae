// Values of command-line options that may be several.
import { Failure } from '../../scripts/support/steps.mjs';

/** `text` split at commas; each must be one of `known`, where these are given. */
export function listOf(text, what, known) {
  const items = text.split(',').map((item) => item.trim());
  const wrong = known && items.find((item) => !known.includes(item));
  if (wrong !== undefined) throw new Failure(`--${what}: there is no ${wrong}; known are ${known.join(', ')}`);
  return items;
}

/** The same of numbers, none below `least`. */
export function numbersOf(text, what, least) {
  const numbers = listOf(text, what).map(Number);
  if (!numbers.every((number) => number >= least)) throw new Failure(`--${what} takes numbers of at least ${least}`);
  return numbers;
}
