// Model files from disk, in parts.
import { constants } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { guardedFile } from '../bindings/model/files.js';
import type { ModelFile, ModelFolder, OpenUrl } from '../bindings/model/folder.js';

const partSize = 1 << 20;

/** The next part is read while the one before is at work. `size` is what the file seems to have. */
async function* partsOf(handle: FileHandle, size: number): AsyncGenerator<Uint8Array> {
  const length = Math.max(1, Math.min(partSize, size));
  const read = (buffer: Uint8Array<ArrayBuffer>): ReturnType<typeof handle.read<Uint8Array<ArrayBuffer>>> => {
    // A buffer that went to a worker is gone.
    const reading = handle.read(buffer.length > 0 ? buffer : new Uint8Array(length));
    reading.catch(() => undefined); // it is awaited below, unless the consumer stops before
    return reading;
  };
  let spare = new Uint8Array(length);
  let reading = read(new Uint8Array(length));
  for (;;) {
    const { bytesRead, buffer } = await reading;
    if (bytesRead === 0) return;
    reading = read(spare);
    yield buffer.subarray(0, bytesRead);
    spare = buffer;
  }
}

/** A regular file: a pipe or device might never end, or hold up all that this process reads. Undefined if there is none. */
export async function openRegular(
  path: string,
): Promise<{ handle: FileHandle; size: number; identity: string } | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)); // which Windows does not have
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === 'ENXIO') throw new Error('it is no regular file', { cause: error }); // a socket
    throw error;
  }
  try {
    const stats = await handle.stat({ bigint: true });
    if (!stats.isFile()) throw new Error(stats.isDirectory() ? 'it is a folder' : 'it is no regular file');
    // Whoever writes to it changes the times, and whoever puts another file in its place, the number.
    const { dev, ino, size, mtimeNs, ctimeNs } = stats;
    return { handle, size: Number(size), identity: [dev, ino, size, mtimeNs, ctimeNs].join(' ') };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The text of a regular file of at most `largest` bytes; undefined if it is none, or larger. */
export async function readSmall(path: string, largest: number): Promise<string | undefined> {
  const opened = await openRegular(path);
  if (opened === undefined) return undefined;
  try {
    return opened.size > largest ? undefined : await opened.handle.readFile('utf8');
  } finally {
    await opened.handle.close();
  }
}

function openPath(path: string, signal: AbortSignal | undefined): Promise<ModelFile | undefined> {
  return guardedFile(path, signal, async () => {
    const opened = await openRegular(path);
    if (opened === undefined) return undefined;
    const { handle, size, identity } = opened;
    return { size, identity, parts: partsOf(handle, size), close: () => handle.close() };
  });
}

async function troubleWith(path: string): Promise<string | undefined> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isDirectory() === true) return undefined;
  if (stats !== undefined) return 'that is a file; give the folder that it lies in';
  return 'there is no such folder';
}

export function folderOnDisk(path: string): ModelFolder {
  return {
    name: path,
    source: resolve(path),
    open: (file, signal) => openPath(join(path, file), signal),
    async names() {
      const [own, exported] = await Promise.all(
        [path, join(path, 'onnx')].map((each) => readdir(each).catch((): string[] => [])),
      );
      return [...(own ?? []), ...(exported ?? [])];
    },
    trouble: () => troubleWith(path),
  };
}

/** Files by URL, those on disk among them. */
export const openFrom =
  (openUrl: OpenUrl): OpenUrl =>
  (url, signal, version) =>
    url.protocol === 'file:' ? openPath(fileURLToPath(url), signal) : openUrl(url, signal, version);

/** The folder of this name, if there is something of that name. */
export async function localModel(name: string, localModelPath: string): Promise<ModelFolder | undefined> {
  const path = join(localModelPath, name);
  return (await stat(path).catch(() => undefined)) && folderOnDisk(path);
}
