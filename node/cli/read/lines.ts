// Files and standard input -> decoded text -> lines, piece by piece: memory does not grow with the file.
//
// Text is UTF-8, of which bytes that are none become U+FFFD, or UTF-16 if a byte order mark says so; the mark is passed over.
// Lines end with \n or \r\n. (Not by node:readline, which also ends lines at U+2028 and U+2029.)
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { longestText } from '../../../bindings/arguments/values.js';
import { Failure, badInput, fileFailure } from '../failure.js';

/** A line, row or record that is longer than this many UTF-16 units has a text that is too long, or is none. */
export const maxRecordLength = longestText;

// Small parts, so that what has been read, which the progress bar shows, is about what has been classified.
const partSize = 2 ** 12;

export const nameOf = (file: string): string => (file === '-' ? 'stdin' : file);

/** Bytes of all files together, or undefined where that cannot be known; fails if one does not exist. */
export async function totalSize(files: readonly string[]): Promise<number | undefined> {
  let total: number | undefined = 0;
  for (const file of files) {
    if (file === '-') {
      total = undefined;
      continue;
    }
    try {
      const stats = await stat(file);
      if (stats.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
      if (total !== undefined) total = stats.isFile() ? total + stats.size : undefined;
    } catch (error) {
      const failure = fileFailure(`cannot read ${file}`, error);
      throw /\s/.test(file) ? badInput(`${failure.message}; a text to classify is given by --text`) : failure;
    }
  }
  return total;
}

/** The encoding that a byte order mark tells, else UTF-8. Fails for UTF-16 without one. */
function decoderOf(begin: Uint8Array, name: string): TextDecoder {
  const [a, b] = begin;
  if (a === 0xff && b === 0xfe) return new TextDecoder('utf-16le');
  if (a === 0xfe && b === 0xff) return new TextDecoder('utf-16be');
  const pairs = Array.from({ length: Math.min(begin.length >> 1, 16) }, (_, pair) => 2 * pair);
  const halfEmpty = pairs.filter((at) => (begin[at] === 0) !== (begin[at + 1] === 0));
  if (halfEmpty.length > pairs.length / 2) {
    throw badInput(`${name}: it seems to be UTF-16 without a byte order mark; UTF-8 is needed`);
  }
  return new TextDecoder();
}

/** The text of a file ('-': standard input) in parts of no particular size. */
export async function* decodedParts(file: string, onBytes: (count: number) => void): AsyncGenerator<string> {
  const name = nameOf(file);
  let decoder: TextDecoder | undefined;
  let first: Buffer = Buffer.alloc(0); // too little to tell the encoding by
  try {
    const stream: AsyncIterable<Buffer> =
      file === '-' ? process.stdin : createReadStream(file, { highWaterMark: partSize });
    for await (const part of stream) {
      onBytes(part.length);
      const bytes: Buffer = decoder === undefined ? Buffer.concat([first, part]) : part;
      if (decoder === undefined && bytes.length < 2) {
        first = bytes;
        continue;
      }
      decoder ??= decoderOf(bytes, name);
      yield decoder.decode(bytes, { stream: true });
    }
  } catch (error) {
    throw error instanceof Failure ? error : fileFailure(`cannot read ${name}`, error);
  }
  yield decoder === undefined ? new TextDecoder().decode(first) : decoder.decode();
}

export interface Line {
  text: string;
  /** Counted from 1. */
  line: number;
}

export async function* linesOf(parts: AsyncIterable<string>, name: string): AsyncGenerator<Line> {
  let text = '';
  let line = 1;
  for await (const part of parts) {
    let begin = 0;
    for (let end = part.indexOf('\n'); end >= 0; end = part.indexOf('\n', begin)) {
      yield { text: withoutReturn(text + part.slice(begin, end)), line: line++ };
      text = '';
      begin = end + 1;
    }
    text += part.slice(begin);
    if (text.length > maxRecordLength) throw badInput(`${name}:${line}: the line is longer than 16 Mi characters`);
  }
  if (text !== '') yield { text: withoutReturn(text), line };
}

export const withoutReturn = (text: string): string => (text.endsWith('\r') ? text.slice(0, -1) : text);
