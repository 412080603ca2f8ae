// What a caller passes in, checked before anything else happens: TypeError for a wrong type or an unknown name,
// RangeError for a number out of its range. Only own properties count, so a polluted prototype changes nothing.
import { messageOf } from '../errors.js';

/** False of a proxy that was revoked. */
export function isArray(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

/** A value as an error message shows it, short and without running the caller's code. */
export function show(value: unknown): string {
  if (value === null) return 'null';
  if (isArray(value)) return 'an array';
  switch (typeof value) {
    case 'string':
      return value.length > 40 ? `a string of ${value.length} characters` : JSON.stringify(value);
    case 'number':
    case 'boolean':
    case 'undefined':
      return String(value);
    case 'bigint':
      return `${value}n`;
    case 'object':
      return 'an object';
    default:
      return `a ${typeof value}`;
  }
}

/** What `read` gives; what the caller's own code throws meanwhile (a getter, a proxy) is a TypeError that says where. */
export function reading<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new TypeError(`${what} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

export type Fields = Map<string, unknown>;

/** The own properties of an options object; undefined and null count as none given. */
export function fieldsOf(value: unknown, what: string, known: readonly string[]): Fields {
  const fields: Fields = new Map();
  if (value === undefined || value === null) return fields;
  if (typeof value !== 'object' || isArray(value)) {
    throw new TypeError(`${what} must be an object, not ${show(value)}`);
  }
  for (const [name, field] of reading(what, () => Object.entries(value))) {
    if (!known.includes(name)) {
      throw new TypeError(`${what}: unknown name ${show(name)}; known are ${known.join(', ')}`);
    }
    if (field !== undefined) fields.set(name, field);
  }
  return fields;
}

export function oneOf<T extends string>(value: unknown, what: string, choices: readonly T[]): T {
  const choice = choices.find((each) => each === value);
  if (choice === undefined) {
    throw new TypeError(`${what} must be ${choices.map((each) => `'${each}'`).join(' or ')}, not ${show(value)}`);
  }
  return choice;
}

export function boolean(value: unknown, what: string): boolean {
  if (typeof value !== 'boolean') throw new TypeError(`${what} must be true or false, not ${show(value)}`);
  return value;
}

export function wholeNumber(value: unknown, what: string, least: number): number {
  if (typeof value !== 'number') throw new TypeError(`${what} must be a number, not ${show(value)}`);
  if (!Number.isSafeInteger(value) || value < least) {
    throw new RangeError(`${what} must be a whole number of at least ${least}, not ${value}`);
  }
  return value;
}

/** The longest text that is read, in UTF-16 units. Its tokens take about a second, which nothing interrupts. */
export const longestText = 2 ** 24;

export function text(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new TypeError(`${what} must be a string, not ${show(value)}`);
  if (value.length <= longestText) return value;
  throw new RangeError(`${what} must have at most ${longestText} characters, not ${value.length}`);
}

export function abortSignal(value: unknown, what: string): AbortSignal | undefined {
  if (value === null || value === undefined) return undefined;
  // By shape, because signals may come from another realm (jsdom, a frame, a polyfill).
  const signal = value as AbortSignal;
  const isSignal = reading(
    what,
    () =>
      typeof signal === 'object' &&
      typeof signal.aborted === 'boolean' &&
      [signal.addEventListener, signal.removeEventListener].every((method) => typeof method === 'function'),
  );
  if (isSignal) return signal;
  throw new TypeError(`${what} must be an AbortSignal, not ${show(value)}`);
}

/** A view of bytes wherever they lie; undefined if `value` holds none. */
export function bytesOf(value: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(value))
    return reading('bytes', () => new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  const kind = Object.prototype.toString.call(value); // unlike instanceof it knows buffers of other realms
  if (kind !== '[object ArrayBuffer]' && kind !== '[object SharedArrayBuffer]') return undefined;
  return reading('bytes', () => new Uint8Array(value as ArrayBuffer)); // unless they were transferred
}
