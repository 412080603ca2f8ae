// What differs between a browser and Node, as one small interface; node/index.ts and web/src/index.ts fill it in.
import type { BinaryName } from './binaries.js';
import type { Port } from './remote.js';

/** A file of a model that can be read once, in parts, each of which is the reader's until it asks for the next. */
export interface ModelFile {
  /** In bytes, where it is known beforehand. */
  size: number | undefined;
  parts: AsyncIterable<Uint8Array>;
}

/** Where the files of one model are. */
export interface ModelFolder {
  /** For messages and progress. */
  name: string;
  /** Undefined if there is no such file. */
  open(file: string, signal: AbortSignal | undefined): Promise<ModelFile | undefined>;
}

/** Small texts that outlive the page or process. Where they cannot be kept, nothing is there and nothing happens. */
export interface Keeper {
  read(name: string): Promise<string | undefined>;
  write(name: string, text: string): Promise<void>;
}

export interface Platform {
  /** Where calibrations are kept. */
  calibrations: Keeper;
  /** The machine and its JavaScript engine: a calibration holds for no other. */
  device(): string;
  /** One of the package's binaries, compiled, from its usual place or from the folder `wasmPaths`. */
  compile(binary: BinaryName, wasmPaths: string | URL | undefined): Promise<WebAssembly.Module>;
  /** The model that comes with the package. */
  bundledModel(wasmPaths: string | URL | undefined): ModelFolder;
  folder(location: string | URL): ModelFolder;
  /** One file by its URL. */
  openUrl(url: URL, signal: AbortSignal | undefined): Promise<ModelFile | undefined>;
  /** A worker that serves an engine (see remote.ts). */
  startWorker(wasmPaths: string | URL | undefined): Port;
  /** A worker that serves as a thread of an engine here (see thread.ts). */
  startThread(wasmPaths: string | URL | undefined): Port;
  /** As many threads as there are processors; 1 where there is no shared memory or waiting is forbidden. */
  mostThreads(isInWorker: boolean): number;
  /** Whether to use a worker when the caller does not say. */
  workerByDefault(): boolean;
}
