// The package's binaries are shipped gzipped, which not every server does by itself, and unpacked here.
//
// What bytes are is told by how they begin, not by their name: a server that says `Content-Encoding: gzip` of a .gz has the
// browser unpack it, and callers may give either.
import { LatformerError, messageOf } from '../errors.js';

/** Unpacks gzip, into `most` bytes at most. */
export type Gunzip = (bytes: Uint8Array<ArrayBuffer>, most: number) => Promise<Uint8Array<ArrayBuffer>>;

/** Far more than a binary has, and far less than what a small file can be made to unpack to. */
const mostUnpacked = 16 * 2 ** 20;

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** The same bytes where they are not gzipped; `name`: for the error where they are, and damaged. */
export async function unpacked(
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
  gunzip: Gunzip,
): Promise<Uint8Array<ArrayBuffer>> {
  if (!isGzip(bytes)) return bytes;
  try {
    return await gunzip(bytes, mostUnpacked);
  } catch (cause) {
    if (cause instanceof LatformerError) throw cause;
    throw new LatformerError('read_failed', `${name} cannot be unpacked: ${messageOf(cause)}`, { cause });
  }
}
