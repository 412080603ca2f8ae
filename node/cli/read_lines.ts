// Files and standard input -> decoded text -> lines, piece by piece: memory does not grow with the file.
//
// Bytes that are not UTF-8 become U+FFFD, a byte order mark is passed over, lines end with \n or \r\n. (Not by
// node:readline, which also ends lines at U+2028 and U+2029.)
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { badInput, fileFailure } from './failure.js';

/** A line, row or record that is longer than this many UTF-16 units is no text but some other kind of file. */
export const maxRecordLength = 64 * 2 ** 20;

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
      throw fileFailure(`cannot read ${file}`, error);
    }
  }
  return total;
}

/** The text of a file ('-': standard input) in parts of no particular size. */
export async function* decodedParts(file: string, onBytes: (count: number) => void): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  try {
    const stream: AsyncIterable<Buffer> =
      file === '-' ? process.stdin : createReadStream(file, { highWaterMark: partSize });
    for await (const part of stream) {
      onBytes(part.length);
      yield decoder.decode(part, { stream: true });
    }
  } catch (error) {
    throw fileFailure(`cannot read ${nameOf(file)}`, error);
  }
  yield decoder.decode();
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
    if (text.length > maxRecordLength) throw badInput(`${name}:${line}: the line is longer than 64 MiB`);
  }
  if (text !== '') yield { text: withoutReturn(text), line };
}

export const withoutReturn = (text: string): string => (text.endsWith('\r') ? text.slice(0, -1) : text);
