// Options of a call as other versions of transformers.js, and transformers, name them.
import { isArray, reading, show } from './values.js';

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !isArray(value);

/** The same options by the names that they have here. Anything else is as it was given. */
export function withoutAliases(value: unknown): unknown {
  if (!isObject(value)) return value;
  const { topk, truncation, padding, ...options } = reading('options', () => ({ ...value }));
  void padding; // texts are packed, never padded
  if (topk !== undefined) {
    if (options['top_k'] !== undefined) throw new TypeError('top_k and topk are the same; give one');
    options['top_k'] = topk;
  }
  if (truncation !== undefined && truncation !== true) {
    throw new TypeError(`truncation: ${show(truncation)} cannot be; long_text: 'windows' reads all of a text`);
  }
  return options;
}
