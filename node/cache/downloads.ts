// Copies of downloads on disk, each a plain file in a folder of its host and path, so that a folder here is a model like any
// other. Beside a file lies its index, with the end below; a file that is not complete has another name until it is.
//
//   huggingface.co/user/model/resolve/main/config.json
//   huggingface.co/user/model/resolve/main/config.json.latformer
import { rmSync } from 'node:fs';
import type { Dirent } from 'node:fs';
import { mkdir, open, readFile, readdir, rename, rm, stat, statfs, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import type { Index, Store } from '../../bindings/download/store.js';
import { nodeCrypto } from '../builtins.js';
import { cacheFolder } from './folder.js';

const indexEnd = '.latformer';
const partialEnd = '.partial';
const lockEnd = '.lock';

const longest = 120; // characters of a name in the path
const lookEvery = 100; // milliseconds, for a lock to be gone
const touchEvery = 2000; // milliseconds, by who holds one
const deadAfter = 15_000; // milliseconds without that

/** A name that every file system takes, and that no other has. */
function nameOf(text: string): string {
  const safe = text.replace(/[^\w.%@+-]/g, '_');
  if (safe === text && safe.length <= longest && !/^\.+$/.test(safe)) return safe;
  return `${safe.slice(0, longest)}_${nodeCrypto().createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
}

const isMissing = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');

/** Nobody sees half of it. */
async function writeWhole(path: string, text: string): Promise<void> {
  const partial = `${path}.${crypto.randomUUID()}`;
  try {
    await writeFile(partial, text, { flag: 'wx' });
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined);
    throw error;
  }
}

function parseIndex(text: string): Index | undefined {
  try {
    const index = JSON.parse(text) as Index;
    return typeof index.url === 'string' && Array.isArray(index.parts) ? index : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the process that wrote this into a lock has ended, as far as can be told from here. */
function hasEnded(owner: string): boolean {
  const [pid, host] = owner.split(' ');
  if (host !== hostname() || !Number(pid)) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Copies below `folder`; by default in the user's cache folder, and where there is none that is an error. */
export function downloads(folder = join(cacheFolder(), 'latformer', 'models')): Store {
  const pathOf = (address: string): string => {
    const { host, pathname, search } = new URL(address);
    const steps = `${pathname}${search}`.split('/').filter((step) => step !== '');
    return join(folder, nameOf(host), ...(steps.length > 0 ? steps : ['index']).map(nameOf));
  };

  const readIndex = async (path: string): Promise<Index | undefined> => {
    try {
      return parseIndex(await readFile(path, 'utf8'));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  };

  return {
    async read(url) {
      const index = await readIndex(pathOf(url) + indexEnd);
      return index?.url === url ? index : undefined;
    },

    async write(index) {
      const path = pathOf(index.url);
      await mkdir(dirname(path), { recursive: true });
      if (index.isComplete && index.isAbsent !== true) {
        if (index.parts.length === 0) await writeFile(path + partialEnd, '');
        await rename(path + partialEnd, path).catch(async (error: unknown) => {
          if (!isMissing(error) || !(await stat(path).catch(() => undefined))) throw error;
        });
      }
      await writeWhole(path + indexEnd, JSON.stringify(index));
    },

    async readPart({ url, parts, isComplete }, part) {
      const size = parts[part]?.size ?? 0;
      const begin = parts.slice(0, part).reduce((sum, each) => sum + each.size, 0);
      const path = pathOf(url);
      let handle;
      try {
        handle = await open(isComplete ? path : path + partialEnd);
        const bytes = new Uint8Array(size);
        const { bytesRead } = await handle.read(bytes, 0, size, begin);
        return bytesRead === size ? bytes : undefined;
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      } finally {
        await handle?.close();
      }
    },

    async addPart({ url, parts }, bytes) {
      const path = pathOf(url);
      const begin = parts.reduce((sum, each) => sum + each.size, 0);
      await mkdir(dirname(path), { recursive: true });
      // A damaged copy that was complete is gone on with where it is sound.
      if (begin > 0) await rename(path, path + partialEnd).catch(() => undefined);
      const handle = await open(path + partialEnd, begin > 0 ? 'r+' : 'w');
      try {
        await handle.truncate(begin);
        await handle.write(bytes, 0, bytes.length, begin);
      } finally {
        await handle.close();
      }
    },

    async delete(url) {
      const path = pathOf(url);
      for (const end of [indexEnd, partialEnd, '']) await rm(path + end, { force: true });
    },

    async list() {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((): Dirent[] => []);
      const paths = entries
        .filter((entry) => entry.isFile() && entry.name.endsWith(indexEnd))
        .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
      const indices = await Promise.all(paths.map(readIndex));
      return indices.filter((index) => index !== undefined);
    },

    async available() {
      const { bavail, bsize } = await statfs(folder);
      return bavail * bsize;
    },

    /** A file that its holder touches; one that nobody touches any more, or whose process is gone, is nobody's. */
    async lock(url, signal) {
      const path = pathOf(url) + lockEnd;
      await mkdir(dirname(path), { recursive: true });
      for (;;) {
        signal?.throwIfAborted();
        try {
          await writeFile(path, `${process.pid} ${hostname()}`, { flag: 'wx' });
          break;
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        }
        const touched = (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
        const owner = await readFile(path, 'utf8').catch(() => '');
        if (Date.now() - touched > deadAfter || hasEnded(owner)) await rm(path, { force: true });
        else await new Promise((resolve) => setTimeout(resolve, lookEvery));
      }
      const touch = (): void => void utimes(path, new Date(), new Date()).catch(() => undefined);
      const timer = setInterval(touch, touchEvery).unref();
      return () => {
        clearInterval(timer);
        rmSync(path, { force: true }); // at once, for the process may be about to end
      };
    },
  };
}
