// What the calls of a tokenizer are given.
import type { TextInput } from '../engine.js';
import { boolean, fieldsOf, reading, show, text } from './values.js';

export interface CheckedEncode {
  input: TextInput;
  addsSpecial: boolean;
  hasOffsets: boolean;
}

export function checkEncode(given: unknown, options: unknown): CheckedEncode {
  const fields = fieldsOf(options, 'options of encode()', ['text_pair', 'add_special_tokens', 'offsets']);
  const flag = (name: string, otherwise: boolean): boolean => boolean(fields.get(name) ?? otherwise, name);
  const pair = fields.get('text_pair') ?? undefined;
  return {
    input: { text: text(given, 'text'), text_pair: pair === undefined ? undefined : text(pair, 'text_pair') },
    addsSpecial: flag('add_special_tokens', true),
    hasOffsets: flag('offsets', false),
  };
}

export interface CheckedDecode {
  ids: number[];
  skipsSpecial: boolean;
}

const largestId = 2 ** 31 - 1;

export function checkDecode(given: unknown, options: unknown): CheckedDecode {
  const fields = fieldsOf(options, 'options of decode()', ['skip_special_tokens']);
  if (typeof given !== 'object' || given === null || !('length' in given)) {
    throw new TypeError(`ids must be an array of numbers, not ${show(given)}`);
  }
  const ids = reading('ids', () => Array.from(given as ArrayLike<unknown>));
  for (const id of ids) {
    if (typeof id !== 'number') throw new TypeError(`an id must be a number, not ${show(id)}`);
    if (!Number.isInteger(id) || id < 0 || id > largestId) throw new RangeError(`an id cannot be ${id}`);
  }
  return {
    ids: ids as number[],
    skipsSpecial: boolean(fields.get('skip_special_tokens') ?? false, 'skip_special_tokens'),
  };
}
