// Which Emscripten builds: one that was here before, found as cmake/emscripten.cmake finds it, else the one of set-up.
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findProgram, toolchain } from './paths.mjs';

/** Where set-up puts one: Debian's packages, unpacked. */
export const unpackedFolder = join(toolchain, 'emscripten');
export const unpackedEmscripten = join(unpackedFolder, 'root', 'usr', 'share', 'emscripten');

/** The folder of an Emscripten that set-up has not brought, or null. */
export function ownEmscripten() {
  const sdk = process.env.EMSDK && join(process.env.EMSDK, 'upstream', 'emscripten');
  if (sdk && existsSync(sdk)) return sdk;
  const emcc = findProgram('emcc');
  return emcc && dirname(realpathSync(emcc));
}

export const emscriptenFolder = () => ownEmscripten() ?? unpackedEmscripten;
