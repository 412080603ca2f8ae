// Model files from memory, and what files from anywhere have in common. download/ has those by HTTP, node/files.ts those on disk.
import { LatformerError, messageOf } from '../errors.js';
import type { ModelFile, ModelFolder, OpenUrl } from './folder.js';
import type { Integrity } from './integrity.js';

const partSize = 1 << 20;

/** Parts of a value that can be sliced, so that never more than one part is copied at a time. */
async function* partsOf(size: number, slice: (begin: number, end: number) => Promise<Uint8Array> | Uint8Array) {
  for (let begin = 0; begin < size; begin += partSize) yield await slice(begin, Math.min(size, begin + partSize));
}

export function fileOfBytes(bytes: Uint8Array): ModelFile {
  // Through Uint8Array's own slice: a Node Buffer's would not copy.
  const slice = (begin: number, end: number) => new Uint8Array(bytes.subarray(begin, end));
  return { size: bytes.length, parts: partsOf(bytes.length, slice), close: () => Promise.resolve() };
}

export function fileOfBlob(blob: Blob): ModelFile {
  const slice = async (begin: number, end: number) => new Uint8Array(await blob.slice(begin, end).arrayBuffer());
  return { size: blob.size, parts: partsOf(blob.size, slice), close: () => Promise.resolve() };
}

/** What a fetch says of a failure is in its cause, one deep or more. */
export function reasonOf(error: unknown): string {
  return error instanceof TypeError && error.cause !== undefined ? reasonOf(error.cause) : messageOf(error);
}

/** Turns what a read throws into a LatformerError, unless the caller's signal is why. */
function readFailure(name: string, cause: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true) return signal.reason;
  if (cause instanceof LatformerError) return cause;
  return new LatformerError('read_failed', `cannot read ${name}: ${reasonOf(cause)}`, { cause });
}

/** `open` and its parts with errors that name the file. */
export async function guardedFile(
  name: string,
  signal: AbortSignal | undefined,
  open: () => Promise<ModelFile | undefined>,
): Promise<ModelFile | undefined> {
  try {
    const file = await open();
    return file && { ...file, parts: guardedParts(name, signal, file.parts) };
  } catch (cause) {
    throw readFailure(name, cause, signal);
  }
}

async function* guardedParts(name: string, signal: AbortSignal | undefined, parts: AsyncIterable<Uint8Array>) {
  // The consumer's own errors do not pass through here: a `yield` only ever returns or ends the generator.
  try {
    yield* parts;
  } catch (cause) {
    throw readFailure(name, cause, signal);
  }
}

/** A data: URL by hand, because a strict CSP forbids to fetch it (bundlers inline small files so). */
export function fileOfDataUrl(url: URL): ModelFile {
  const comma = url.href.indexOf(',');
  const isBase64 = /;base64$/i.test(url.href.slice(0, comma));
  const text = decodeURIComponent(url.href.slice(comma + 1));
  return fileOfBytes(isBase64 ? Uint8Array.from(atob(text), (c) => c.charCodeAt(0)) : new TextEncoder().encode(text));
}

/** Development servers answer any unknown path with their start page; no file of a model or of the package is HTML. */
export const isStartPage = ({ headers }: Response): boolean =>
  headers.get('content-type')?.toLowerCase().startsWith('text/html') === true;

/** The folder at `url`: files are its direct children, a query string (a signature, say) stays with each. */
export function folderByUrl(url: URL, openUrl: OpenUrl): ModelFolder {
  const childOf = (file: string): URL => {
    const child = new URL(url);
    child.pathname = `${url.pathname.replace(/\/$/, '')}/${file}`;
    return child;
  };
  return { name: url.href, open: (file, signal) => openUrl(childOf(file), signal) };
}

export function folderOfFiles(
  name: string,
  files: ReadonlyMap<string, Uint8Array | Blob | URL>,
  openUrl: OpenUrl,
  integrity?: Integrity,
): ModelFolder {
  return {
    name,
    ...(integrity && { integrity }),
    names: () => Promise.resolve([...files.keys()]),
    async open(file, signal) {
      const content = files.get(file);
      if (content === undefined) return undefined;
      if (content instanceof URL) return openUrl(content, signal, integrity?.get(file)?.[0]);
      return content instanceof Blob
        ? guardedFile(file, signal, () => Promise.resolve(fileOfBlob(content)))
        : fileOfBytes(content);
    },
  };
}
