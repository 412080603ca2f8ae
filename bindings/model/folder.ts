// A model's files, wherever they are.
import { LatformerError } from '../errors.js';
import type { Integrity } from './integrity.js';

/** A file of a model that can be read once, in parts, each of which is the reader's until it asks for the next. */
export interface ModelFile {
  /** In bytes, where it is known beforehand. */
  size: number | undefined;
  parts: AsyncIterable<Uint8Array>;
  /** What it must hash to ('sha256-' and Base64), where its server says so. */
  hash?: string;
  /** Another file of the same identity has the same content. */
  identity?: string;
  /** Gives back what it holds, read or not. May be called twice. */
  close(): Promise<void>;
  /** It is not what it should be: the next time it is fetched anew. */
  discard?(): Promise<void>;
}

/** A server that does not give a file, without saying that there is none. */
export class Refused extends LatformerError {
  constructor(
    message: string,
    readonly status: number,
    /** The hub's own word for it (x-error-code). */
    readonly reason?: string,
  ) {
    super('read_failed', message);
  }
}

/** Where the files of one model are. */
export interface ModelFolder {
  /** For messages and progress. */
  name: string;
  /** Where that is, as an address or path, where the name does not say so. */
  source?: string;
  /** Undefined if there is no such file. Rejects with Refused where that cannot be known. */
  open(file: string, signal: AbortSignal | undefined): Promise<ModelFile | undefined>;
  /** What its files must hash to, where that is known. */
  integrity?: Integrity;
  /** The names of its files, if that can be told, those of folders in it among them. */
  names?(): Promise<readonly string[]>;
  /** What is wrong with the folder as a whole, if that can be told. */
  trouble?(): Promise<string | undefined>;
}

/**
 * One file by its URL; undefined if there is none. `version`: what it is called where that is known, so that a copy of that
 * name is the file.
 */
export type OpenUrl = (url: URL, signal: AbortSignal | undefined, version?: string) => Promise<ModelFile | undefined>;
