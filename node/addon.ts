// The native addon: where it is, and a session of it. It comes in an optional package for each platform; LATFORMER_ADDON names
// the file of another one, such as that of a build.
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import type { Session } from '../bindings/wasm/glue.js';
import { thisScript } from './package_files.js';

declare const LATFORMER_VERSION: string; // by scripts/build_js.mjs

const platform = `${process.platform}-${process.arch}${process.platform === 'linux' ? '-gnu' : ''}`;

export function findAddon(): string | undefined {
  const given = process.env['LATFORMER_ADDON'];
  if (given !== undefined && given !== '') return resolve(given);
  try {
    return createRequire(thisScript()).resolve(`@latformer/${platform}`);
  } catch {
    return undefined; // it is not installed
  }
}

interface Addon {
  version: string;
  Session: new () => Session;
}

/** Throws where the file is none, or is made for another system or version. */
export function openAddon(path: string): Session {
  const { version, Session } = createRequire(path)(path) as Addon;
  if (version !== LATFORMER_VERSION) throw new Error(`${path} is of version ${version}, not ${LATFORMER_VERSION}`);
  return new Session();
}
