// What was measured on this machine, kept in the user's cache folder.
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { arch, cpus } from 'node:os';
import { dirname, join } from 'node:path';
import type { Keeper } from '../../bindings/time/calibration.js';
import { readSmall } from '../files.js';
import { cacheFolder } from './folder.js';

/** Fails where there is no home. */
const pathOf = (name: string): string => join(cacheFolder(), 'latformer', 'calibrations', `${name}.json`);

const largest = 2 ** 20; // bytes; a calibration has some thousand

export const keeper: Keeper = {
  async read(name) {
    try {
      return await readSmall(pathOf(name), largest);
    } catch {
      return undefined;
    }
  },
  async write(name, text) {
    let partial: string | undefined; // nobody sees half a file
    try {
      const path = pathOf(name);
      await mkdir(dirname(path), { recursive: true });
      partial = `${path}.${crypto.randomUUID()}`;
      await writeFile(partial, text, { flag: 'wx' });
      await rename(partial, path);
    } catch {
      if (partial !== undefined) await rm(partial, { force: true }).catch(() => undefined);
    }
  },
};

export const device = (): string => `${cpus()[0]?.model ?? 'unknown'}, ${arch()}, V8 ${process.versions.v8}`;
