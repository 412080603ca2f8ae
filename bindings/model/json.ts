// JSON as Python writes it, which has NaN and Infinity; they become null.
import type { SmallFiles } from '../engine.js';
import { LatformerError } from '../errors.js';

export type Json = Record<string, unknown>;

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Throws SyntaxError. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const withoutThem = text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, (part) =>
      part.startsWith('"') ? part : 'null',
    );
    return JSON.parse(withoutThem);
  }
}

export const textOf = (files: SmallFiles, name: string): string | undefined => {
  const bytes = files.get(name);
  return bytes && new TextDecoder().decode(bytes);
};

/** The object in a small file; an empty one where there is no such file. */
export function objectIn(files: SmallFiles, name: string): Json {
  const text = textOf(files, name);
  if (text === undefined) return {};
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (cause) {
    throw new LatformerError('bad_model', `${name} is not JSON`, { cause });
  }
  if (!isObject(value)) throw new LatformerError('bad_model', `${name} is no JSON object`);
  return value;
}
