// Options of pipeline() that say where files come from, by transformers.js' names where it has them; and those of its names
// that mean nothing here.
import { boolean, show } from './values.js';
import type { Fields } from './values.js';

export interface CheckedAccess {
  /** Of a model by name. */
  revision: string;
  cacheDir: string | undefined;
  localFilesOnly: boolean;
  headers: Readonly<Record<string, string>>;
  fetch: typeof fetch | undefined;
}

export const accessNames = ['revision', 'cache_dir', 'local_files_only', 'headers', 'fetch'] as const;

function text(given: Fields, name: string): string | undefined {
  const value = given.get(name) ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value === '') throw new TypeError(`${name} must be a string, not ${show(value)}`);
  return value;
}

function headersOf(value: unknown): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object') throw new TypeError(`headers must be an object, not ${show(value)}`);
  try {
    return Object.fromEntries(new Headers(value as Record<string, string>));
  } catch (cause) {
    throw new TypeError('headers are none that HTTP allows', { cause });
  }
}

export function checkAccess(given: Fields): CheckedAccess {
  const fetching = given.get('fetch') ?? undefined;
  if (fetching !== undefined && typeof fetching !== 'function') {
    throw new TypeError(`fetch must be a function, not ${show(fetching)}`);
  }
  return {
    revision: text(given, 'revision') ?? 'main',
    cacheDir: text(given, 'cache_dir'),
    localFilesOnly: given.has('local_files_only') && boolean(given.get('local_files_only'), 'local_files_only'),
    headers: headersOf(given.get('headers')),
    fetch: fetching as typeof fetch | undefined,
  };
}

const elsewhere = 'is an option of other runtimes and has no effect here';

/** transformers.js' options that change nothing here, and what to say of each. */
const ignored: Readonly<Record<string, (value: unknown) => string | undefined>> = {
  // It runs on the processor, and nowhere else.
  device: (value) =>
    ['cpu', 'wasm', 'native', 'auto'].includes(value as string)
      ? undefined
      : `device ${show(value)} is ignored: it runs on the processor`,
  config: () => `config ${elsewhere}: config.json of the model counts`,
  subfolder: (value) => (value === 'onnx' || value === '' ? undefined : `subfolder ${elsewhere}`),
  model_file_name: () => `model_file_name ${elsewhere}: weights are model.safetensors`,
  use_external_data_format: () => undefined,
  session_options: () => `session_options ${elsewhere}`,
};

export const ignoredNames = Object.keys(ignored);

/** Sentences for `info.notes`. */
export const notesOnIgnored = (given: Fields): string[] =>
  ignoredNames.flatMap((name) => (given.has(name) ? (ignored[name]?.(given.get(name)) ?? []) : []));
