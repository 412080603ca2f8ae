// A model's files, wherever they are.
import { LatformerError } from '../errors.js';
import type { Integrity } from './integrity.js';

/** A file of a model that can be read once, in parts, each of which is the reader's until it asks for the next. */
export interface ModelFile {
  /** In bytes, where it is known beforehand. */
  size: number | undefined;
  parts: AsyncIterable<Uint8Array>;
  /** Gives back what it holds, read or not. May be called twice. */
  close(): Promise<void>;
}

/** A file that may be there or not: the server says neither. */
export class Forbidden extends LatformerError {}

/** Where the files of one model are. */
export interface ModelFolder {
  /** For messages and progress. */
  name: string;
  /** Undefined if there is no such file. Rejects with Forbidden where that cannot be known. */
  open(file: string, signal: AbortSignal | undefined): Promise<ModelFile | undefined>;
  /** What its files must hash to, where that is known. */
  integrity?: Integrity;
  /** What is wrong with the folder as a whole, if that can be told. */
  trouble?(): Promise<string | undefined>;
}

/** One file by its URL; undefined if there is none. */
export type OpenUrl = (url: URL, signal: AbortSignal | undefined) => Promise<ModelFile | undefined>;
