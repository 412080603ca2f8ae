// As beside.ts, in CommonJS.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { PackageFile } from './beside.js';

export const besideEntry: Readonly<Record<PackageFile, () => URL>> = {
  'latformer.wasm.gz'() {
    return pathToFileURL(join(__dirname, 'latformer.wasm.gz'));
  },
  'latformer-relaxed.wasm.gz'() {
    return pathToFileURL(join(__dirname, 'latformer-relaxed.wasm.gz'));
  },
  'node-worker.mjs'() {
    return pathToFileURL(join(__dirname, 'node-worker.mjs'));
  },
};
