// Calibrations in the user's cache folder: XDG_CACHE_HOME, or what the system has for that.
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { arch, cpus, homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Keeper } from '../bindings/time/calibration.js';

function cacheFolder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (XDG_CACHE_HOME) return XDG_CACHE_HOME;
  if (process.platform === 'win32') return LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local');
  return join(homedir(), process.platform === 'darwin' ? 'Library/Caches' : '.cache');
}

const pathOf = (name: string): string => join(cacheFolder(), 'latformer', 'calibrations', `${name}.json`);

export const calibrations: Keeper = {
  async read(name) {
    try {
      return await readFile(pathOf(name), 'utf8');
    } catch {
      return undefined;
    }
  },
  async write(name, text) {
    const path = pathOf(name);
    const partial = `${path}.${process.pid}`; // nobody sees half a file
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(partial, text);
      await rename(partial, path);
    } catch {
      await rm(partial, { force: true }).catch(() => undefined);
    }
  },
};

export const device = (): string => `${cpus()[0]?.model ?? 'unknown'}, ${arch()}, V8 ${process.versions.v8}`;
