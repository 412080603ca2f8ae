// Model files from disk, in parts.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { guardedFile, openByFetch } from '../bindings/model/files.js';
import type { ModelFile, ModelFolder } from '../bindings/model/folder.js';

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
  try {
    for (;;) {
      const { bytesRead, buffer } = await reading;
      if (bytesRead === 0) return;
      reading = read(spare);
      yield buffer.subarray(0, bytesRead);
      spare = buffer;
    }
  } finally {
    await handle.close();
  }
}

function openPath(path: string, signal: AbortSignal | undefined): Promise<ModelFile | undefined> {
  return guardedFile(path, signal, async () => {
    let handle: FileHandle;
    try {
      handle = await open(path, constants.O_RDONLY);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      throw error;
    }
    try {
      const { size } = await handle.stat();
      return { size, parts: partsOf(handle, size) };
    } catch (error) {
      await handle.close();
      throw error;
    }
  });
}

export function folderOnDisk(path: string): ModelFolder {
  return { name: path, open: (file, signal) => openPath(join(path, file), signal) };
}

export function openUrl(url: URL, signal: AbortSignal | undefined): Promise<ModelFile | undefined> {
  return url.protocol === 'file:' ? openPath(fileURLToPath(url), signal) : openByFetch(url, signal);
}
