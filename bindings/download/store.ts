// Where copies of downloads are kept, whole or begun. What a browser (Cache Storage) and Node (a folder) must offer;
// kept.ts is what is done with it.

/** What is known of a copy. */
export interface Index {
  /** Where the file is from. */
  url: string;
  /** What the server calls this version of it; null where it says nothing. */
  version: string | null;
  /** Of the whole file, in bytes; null where the server did not tell. */
  size: number | null;
  /** The parts that are kept, from the first byte on. */
  parts: Part[];
  isComplete: boolean;
  /** That there was no such file. */
  isAbsent?: true;
  /** SHA-256 of the whole file, in Base64, where the server says it. */
  sha256?: string;
}

export interface Part {
  /** In bytes. */
  size: number;
  /** SHA-256 in Base64. */
  hash: string;
}

/** A place to put copies. Methods reject where storage is forbidden or full. */
export interface Store {
  read(url: string): Promise<Index | undefined>;
  /** Takes the place of the one before. */
  write(index: Index): Promise<void>;
  /** Undefined if it is not there any more. */
  readPart(index: Index, part: number): Promise<Uint8Array | undefined>;
  /** The part behind those that `index` has. */
  addPart(index: Index, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  delete(url: string): Promise<void>;
  list(): Promise<Index[]>;
  /** Bytes that there is still room for, where that can be told. */
  available(): Promise<number | undefined>;
  /** Waits until nobody else has it, in no other tab or process; gives what ends it. */
  lock(url: string, signal: AbortSignal | undefined): Promise<() => void>;
}

/** A name for a file that the URL tells nothing of: keys that are not secrets. */
export async function hashOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return btoa(String.fromCharCode(...digest));
}
