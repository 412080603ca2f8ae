// What pipeline() is given besides the task.
import { devices, dtypes, kernelSets } from '../choices.js';
import type { Device, Dtype, KernelSet } from '../choices.js';
import { parseIntegrity } from '../model/integrity.js';
import type { Integrity } from '../model/integrity.js';
import { configFile, isFileOfModel, knownFiles } from '../model/names.js';
import type { ModelSource } from '../types/model.js';
import type { PipelineOptions } from '../types/pipeline.js';
import { accessNames, checkAccess, ignoredNames, notesOnIgnored } from './access.js';
import type { CheckedAccess } from './access.js';
import type { Fields } from './values.js';
import { abortSignal, boolean, bytesOf, fieldsOf, isArray, oneOf, reading, show, wholeNumber } from './values.js';

/** A model source with every file's bytes as Uint8Array. */
export type CheckedModel = { folder: string | URL } | { files: ReadonlyMap<string, Uint8Array | Blob | URL> };

/** Names and contents: of an object, or of Files as a form or a drop gives them. */
function entriesOf(given: object): [string, unknown][] {
  if (!isList(given)) return Object.entries(given);
  return Array.from(given, (file: unknown, index) => {
    if (!(file instanceof Blob) || !('name' in file) || typeof file.name !== 'string') {
      throw new TypeError(`model file ${index} must be a File, not ${show(file)}`);
    }
    const path = 'webkitRelativePath' in file ? String(file.webkitRelativePath) : '';
    return [path === '' ? file.name : path, file];
  });
}

const isList = (value: object): value is ArrayLike<unknown> =>
  Array.isArray(value) || Object.prototype.toString.call(value) === '[object FileList]';

/** Files of a whole folder, named 'my-model/config.json' and so on: as if each were named without the folder. */
function belowFolder<T>(files: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  const configs = [...files.keys()].filter((name) => `/${name}`.endsWith(`/${configFile}`));
  const [nearest = configFile] = configs.sort((a, b) => a.length - b.length);
  const folder = nearest.slice(0, -configFile.length);
  if (folder === '') return files;
  return new Map(
    [...files].filter(([name]) => name.startsWith(folder)).map(([name, file]) => [name.slice(folder.length), file]),
  );
}

export function checkModel(value: ModelSource): CheckedModel {
  if (value instanceof URL) return { folder: value };
  if (typeof value === 'string') {
    if (value === '') throw new TypeError('model must not be an empty string');
    return { folder: value };
  }
  const given = fieldsOf(value, 'model', ['files']).get('files');
  if (typeof given !== 'object' || given === null || (isList(given) && given.length === 0)) {
    throw new TypeError(`model must be a folder, a URL or { files }, not ${show(value)}`);
  }
  const files = new Map<string, Uint8Array | Blob | URL>();
  for (const [name, content] of reading('model', () => entriesOf(given))) {
    if (content === undefined || content === null) continue;
    const checked = content instanceof Blob || content instanceof URL ? content : bytesOf(content);
    if (checked === undefined) {
      throw new TypeError(
        `model file ${show(name)} must be a Uint8Array, ArrayBuffer, Blob or URL, not ${show(content)}`,
      );
    }
    files.set(name, checked);
  }
  return { files: belowFolder(files) };
}

/** { file: 'sha256-…' or null } */
export function checkIntegrity(value: unknown): Integrity {
  if (value === undefined || value === null) return new Map();
  if (typeof value !== 'object' || isArray(value)) {
    throw new TypeError(`integrity must be an object of hashes by file, not ${show(value)}`);
  }
  const checked = (file: string, hash: unknown): readonly string[] | null => {
    if (hash === null) return null;
    const hashes = typeof hash === 'string' ? parseIntegrity(hash) : undefined;
    if (hashes) return hashes;
    throw new TypeError(`integrity of ${show(file)} must be 'sha256-…' in Base64, or null, not ${show(hash)}`);
  };
  return new Map(
    reading('integrity', () => Object.entries(value)).map(([file, hash]) => {
      if (isFileOfModel(file)) return [file, checked(file, hash)];
      throw new TypeError(
        `integrity: no model has a file ${show(file)}; known are ${knownFiles.join(', ')}, and other *.safetensors`,
      );
    }),
  );
}

export interface CheckedPipelineOptions {
  progress: NonNullable<PipelineOptions['progress_callback']>;
  dtype: Dtype | undefined;
  device: Device;
  threads: number | undefined;
  kernels: KernelSet | undefined;
  worker: boolean | undefined;
  workers: number | undefined;
  maxPending: number;
  calibrate: boolean;
  signal: AbortSignal | undefined;
  integrity: Integrity;
  access: CheckedAccess;
  wasmPaths: string | URL | undefined;
  wasmBinary: Uint8Array | undefined;
  /** What was asked for and means nothing here, in sentences. */
  notes: readonly string[];
}

/** transformers.js' names for what is here one of `dtypes`; none where the model decides. */
const dtypeAliases: Readonly<Record<string, string | undefined>> = {
  auto: undefined,
  fp16: 'fp32',
  int8: 'q8',
  uint8: 'q8',
  int4: 'q4',
  bnb4: 'q4',
  q4f16: 'q4',
};

function dtypeOf(given: Fields): Dtype | undefined {
  const value = given.get('dtype') ?? undefined;
  const name =
    typeof value === 'string' && Object.hasOwn(dtypeAliases, value)
      ? dtypeAliases[value]
      : (value as string | undefined);
  if (name !== undefined) return oneOf(name, 'dtype', dtypes);
  const quantized = given.get('quantized') ?? undefined; // of transformers.js before it had dtype
  if (value !== undefined || quantized === undefined) return undefined;
  return boolean(quantized, 'quantized') ? 'q8' : 'fp32';
}

/** Other runtimes' devices are noted (access.ts), and change nothing. */
const deviceOf = (given: Fields): Device => devices.find((device) => device === given.get('device')) ?? 'auto';

export function checkPipelineOptions(value: unknown): CheckedPipelineOptions {
  const known = [
    'dtype',
    'progress_callback',
    'threads',
    'kernels',
    'worker',
    'workers',
    'maxPending',
    'calibrate',
    'signal',
    'integrity',
    'wasmPaths',
    'wasmBinary',
    'quantized',
    ...accessNames,
    ...ignoredNames,
  ];
  const given = fieldsOf(value, 'options of pipeline()', known);

  const progress = given.get('progress_callback') ?? (() => undefined);
  if (typeof progress !== 'function') {
    throw new TypeError(`progress_callback must be a function, not ${show(progress)}`);
  }
  if (given.has('workers') && given.get('worker') === false) {
    throw new TypeError('workers and worker: false exclude each other');
  }
  const wasmPaths = given.get('wasmPaths');
  if (wasmPaths !== undefined && typeof wasmPaths !== 'string' && !(wasmPaths instanceof URL)) {
    throw new TypeError(`wasmPaths must be a string or URL, not ${show(wasmPaths)}`);
  }
  const wasmBinary = given.has('wasmBinary') ? bytesOf(given.get('wasmBinary')) : undefined;
  if (given.has('wasmBinary') && wasmBinary === undefined) {
    throw new TypeError(`wasmBinary must be a Uint8Array or ArrayBuffer, not ${show(given.get('wasmBinary'))}`);
  }
  if (given.get('device') === 'native' && (given.has('wasmBinary') || given.has('kernels'))) {
    throw new TypeError("device: 'native' excludes kernels and wasmBinary, which are of WebAssembly");
  }
  return {
    progress: progress as CheckedPipelineOptions['progress'],
    dtype: dtypeOf(given),
    device: deviceOf(given),
    threads: given.has('threads') ? wholeNumber(given.get('threads'), 'threads', 1) : undefined,
    kernels: given.has('kernels') ? oneOf(given.get('kernels'), 'kernels', kernelSets) : undefined,
    worker: given.has('worker') ? boolean(given.get('worker'), 'worker') : undefined,
    workers: given.has('workers') ? wholeNumber(given.get('workers'), 'workers', 1) : undefined,
    maxPending: given.has('maxPending') ? wholeNumber(given.get('maxPending'), 'maxPending', 1) : Infinity,
    calibrate: given.has('calibrate') && boolean(given.get('calibrate'), 'calibrate'),
    signal: abortSignal(given.get('signal'), 'signal'),
    integrity: checkIntegrity(given.get('integrity')),
    access: checkAccess(given),
    wasmPaths,
    wasmBinary,
    notes: [
      ...notesOnIgnored(given),
      ...(given.get('dtype') === 'fp16' ? ['dtype fp16 computes in fp32: WebAssembly has no half floats'] : []),
    ],
  };
}
