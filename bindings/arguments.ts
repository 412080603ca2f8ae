// What a caller passes in, checked before anything else happens: TypeError for a wrong type or an unknown name,
// RangeError for a number out of its range. Only own properties count, so a polluted prototype changes nothing.
import { kernelSets } from './binaries.js';
import type { KernelSet } from './binaries.js';
import { dtypes } from './engine.js';
import type { Dtype } from './engine.js';
import { LatformerError } from './errors.js';
import type {
  ClassificationInput,
  ClassificationTask,
  ModelFileContent,
  ModelSource,
  PipelineOptions,
} from './types.js';

/** A value as an error message shows it, short and without running the caller's code. */
export function show(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
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

type Fields = Map<string, unknown>;

/** The own properties of an options object; undefined and null count as none given. */
function fieldsOf(value: unknown, what: string, known: readonly string[]): Fields {
  const fields: Fields = new Map();
  if (value === undefined || value === null) return fields;
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new TypeError(`${what} must be an object, not ${show(value)}`);
  }
  for (const [name, field] of Object.entries(value)) {
    if (!known.includes(name)) {
      throw new TypeError(`${what}: unknown name ${show(name)}; known are ${known.join(', ')}`);
    }
    if (field !== undefined) fields.set(name, field);
  }
  return fields;
}

function oneOf<T extends string>(value: unknown, what: string, choices: readonly T[]): T {
  const choice = choices.find((each) => each === value);
  if (choice === undefined) {
    throw new TypeError(`${what} must be ${choices.map((each) => `'${each}'`).join(' or ')}, not ${show(value)}`);
  }
  return choice;
}

function boolean(value: unknown, what: string): boolean {
  if (typeof value !== 'boolean') throw new TypeError(`${what} must be true or false, not ${show(value)}`);
  return value;
}

function wholeNumber(value: unknown, what: string, least: number): number {
  if (typeof value !== 'number') throw new TypeError(`${what} must be a number, not ${show(value)}`);
  if (!Number.isSafeInteger(value) || value < least) {
    throw new RangeError(`${what} must be a whole number of at least ${least}, not ${value}`);
  }
  return value;
}

function abortSignal(value: unknown, what: string): AbortSignal | undefined {
  if (value === null || value === undefined) return undefined;
  // By shape, because signals may come from another realm (jsdom, a frame, a polyfill).
  if (typeof value === 'object' && 'aborted' in value && 'addEventListener' in value) return value as AbortSignal;
  throw new TypeError(`${what} must be an AbortSignal, not ${show(value)}`);
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

export function checkCalibrationOptions(value: unknown): { fresh: boolean } {
  const given = fieldsOf(value, 'options of calibrate()', ['fresh']);
  return { fresh: given.has('fresh') && boolean(given.get('fresh'), 'fresh') };
}

const tasks: readonly ClassificationTask[] = ['sentiment-analysis', 'text-classification'];

export function checkTask(value: unknown): ClassificationTask {
  if (typeof value !== 'string') throw new TypeError(`task must be a string, not ${show(value)}`);
  const task = tasks.find((each) => each === value);
  if (task === undefined) {
    const known = tasks.map((each) => `'${each}'`).join(' and ');
    throw new LatformerError('unsupported_task', `the task ${show(value)} is not supported; ${known} are`);
  }
  return task;
}

/** A view of bytes wherever they lie; undefined if `value` holds none. */
function bytesOf(value: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  const kind = Object.prototype.toString.call(value); // unlike instanceof it knows buffers of other realms
  if (kind !== '[object ArrayBuffer]' && kind !== '[object SharedArrayBuffer]') return undefined;
  return new Uint8Array(value as ArrayBuffer);
}

/** A model source with every file's bytes as Uint8Array. */
export type CheckedModel = { folder: string | URL } | { files: ReadonlyMap<string, Uint8Array | Blob | URL> };

export function checkModel(value: ModelSource): CheckedModel {
  if (value instanceof URL) return { folder: value };
  if (typeof value === 'string') {
    if (value === '') throw new TypeError('model must not be an empty string');
    return { folder: value };
  }
  const given = fieldsOf(value, 'model', ['files']).get('files');
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new TypeError(`model must be a folder, a URL or { files }, not ${show(value)}`);
  }
  const files = new Map<string, Uint8Array | Blob | URL>();
  for (const [name, content] of Object.entries(given as Record<string, ModelFileContent | null | undefined>)) {
    if (content === undefined || content === null) continue;
    const checked = content instanceof Blob || content instanceof URL ? content : bytesOf(content);
    if (checked === undefined) {
      throw new TypeError(
        `model file ${show(name)} must be a Uint8Array, ArrayBuffer, Blob or URL, not ${show(content)}`,
      );
    }
    files.set(name, checked);
  }
  return { files };
}

export interface CheckedPipelineOptions {
  progress: NonNullable<PipelineOptions['progress_callback']>;
  dtype: Dtype | undefined;
  threads: number | undefined;
  kernels: KernelSet | undefined;
  worker: boolean | undefined;
  calibrate: boolean;
  signal: AbortSignal | undefined;
  wasmPaths: string | URL | undefined;
  wasmBinary: Uint8Array | undefined;
}

export function checkPipelineOptions(value: unknown): CheckedPipelineOptions {
  const known = [
    'dtype',
    'progress_callback',
    'threads',
    'kernels',
    'worker',
    'calibrate',
    'signal',
    'wasmPaths',
    'wasmBinary',
  ];
  const given = fieldsOf(value, 'options of pipeline()', known);

  const progress = given.get('progress_callback') ?? (() => undefined);
  if (typeof progress !== 'function') {
    throw new TypeError(`progress_callback must be a function, not ${show(progress)}`);
  }
  const wasmPaths = given.get('wasmPaths');
  if (wasmPaths !== undefined && typeof wasmPaths !== 'string' && !(wasmPaths instanceof URL)) {
    throw new TypeError(`wasmPaths must be a string or URL, not ${show(wasmPaths)}`);
  }
  const wasmBinary = given.has('wasmBinary') ? bytesOf(given.get('wasmBinary')) : undefined;
  if (given.has('wasmBinary') && wasmBinary === undefined) {
    throw new TypeError(`wasmBinary must be a Uint8Array or ArrayBuffer, not ${show(given.get('wasmBinary'))}`);
  }
  return {
    progress: progress as CheckedPipelineOptions['progress'],
    dtype: given.has('dtype') ? oneOf(given.get('dtype'), 'dtype', dtypes) : undefined,
    threads: given.has('threads') ? wholeNumber(given.get('threads'), 'threads', 1) : undefined,
    kernels: given.has('kernels') ? oneOf(given.get('kernels'), 'kernels', kernelSets) : undefined,
    worker: given.has('worker') ? boolean(given.get('worker'), 'worker') : undefined,
    calibrate: given.has('calibrate') && boolean(given.get('calibrate'), 'calibrate'),
    signal: abortSignal(given.get('signal'), 'signal'),
    wasmPaths,
    wasmBinary,
  };
}

export interface CheckedClassificationOptions {
  top_k: number; // Infinity for all
  speedup: number;
  budget: number | undefined; // of each input, instead of speedup
  windows: boolean;
  stats: boolean;
  signal: AbortSignal | undefined;
}

export function checkClassificationOptions(
  value: unknown,
  defaults: { speedup: number; budget: number | undefined; maxSpeedup: number },
): CheckedClassificationOptions {
  const known = ['top_k', 'speedup', 'latency_budget', 'long_text', 'stats', 'signal'];
  const given = fieldsOf(value, 'options', known);

  if (given.has('speedup') && (given.get('latency_budget') ?? null) !== null) {
    throw new TypeError('speedup and latency_budget exclude each other');
  }
  let { budget } = defaults;
  if (given.has('speedup')) budget = undefined;
  if (given.has('latency_budget')) budget = checkLatencyBudget(given.get('latency_budget'));

  const top_k = given.has('top_k') ? given.get('top_k') : 1;
  return {
    top_k: top_k === null || top_k === 0 ? Infinity : wholeNumber(top_k, 'top_k', 0),
    speedup: given.has('speedup') ? checkSpeedup(given.get('speedup'), defaults.maxSpeedup) : defaults.speedup,
    budget,
    windows:
      given.has('long_text') && oneOf(given.get('long_text'), 'long_text', ['truncate', 'windows']) === 'windows',
    stats: given.has('stats') && boolean(given.get('stats'), 'stats'),
    signal: abortSignal(given.get('signal'), 'signal'),
  };
}

/** One text or pair. Both fields are always there, so that none is looked up in a prototype. */
export interface CheckedInput {
  text: string;
  text_pair: string | undefined;
}

/** `where` says which input it is, for errors. */
function checkInput(value: unknown, where: string): CheckedInput {
  if (typeof value === 'string') return { text: value, text_pair: undefined };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(`${where} must be a string or { text, text_pair }, not ${show(value)}`);
  }
  const given = fieldsOf(value, where, ['text', 'text_pair']);
  const text = given.get('text');
  const text_pair = given.get('text_pair') ?? undefined;
  if (typeof text !== 'string') throw new TypeError(`text of ${where} must be a string, not ${show(text)}`);
  if (text_pair !== undefined && typeof text_pair !== 'string') {
    throw new TypeError(`text_pair of ${where} must be a string, not ${show(text_pair)}`);
  }
  return { text, text_pair };
}

/** A copy of the inputs, so that the caller may go on changing his array. */
export function checkInputs(value: ClassificationInput | readonly ClassificationInput[]): CheckedInput[] {
  if (!Array.isArray(value)) return [checkInput(value, 'the input')];
  return Array.from(value as readonly unknown[], (each, index) => checkInput(each, `input ${index}`));
}
