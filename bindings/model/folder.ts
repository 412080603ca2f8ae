// A model's files, wherever they are.

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

/** One file by its URL; undefined if there is none. */
export type OpenUrl = (url: URL, signal: AbortSignal | undefined) => Promise<ModelFile | undefined>;
