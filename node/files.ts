// Model files from disk, in parts.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { guardedFile, openByFetch } from '../bindings/files.js';
import type { ModelFile, ModelFolder } from '../bindings/platform.js';

const partSize = 1 << 20;

async function* partsOf(handle: FileHandle): AsyncGenerator<Uint8Array> {
  try {
    let buffer = new Uint8Array(partSize);
    for (;;) {
      if (buffer.length === 0) buffer = new Uint8Array(partSize); // the last one went to a worker
      const { bytesRead } = await handle.read(buffer);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
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
      return { size: (await handle.stat()).size, parts: partsOf(handle) };
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
