// Where the files of the package are: beside the entry, or in the folder that `wasmPaths` names.
//
// A bundler that moves the entry away from its files and does not recognise them leaves the package in node_modules, above the
// bundle.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { LatformerError } from '../bindings/errors.js';
import type { BinaryName } from '../bindings/wasm/binaries.js';
import { besideEntry } from './beside.js';
import type { PackageFile } from './beside.js';

/** A folder given as path or URL, as a URL that relative names can be resolved against. */
function folderUrl(folder: string | URL): URL {
  const url = folder instanceof URL || /^(https?|file):\/\//.test(folder) ? new URL(folder) : pathToFileURL(folder);
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

/** Undefined where a bundler took the address of the module away. */
function addressBesideEntry(file: PackageFile): URL | undefined {
  try {
    return besideEntry[file]();
  } catch {
    return undefined;
  }
}

/** The script that this is a part of, a bundle perhaps. */
export function thisScript(): string {
  const url: string | undefined = import.meta.url;
  if (url !== undefined) return fileURLToPath(url);
  return typeof __filename === 'string' ? __filename : join(process.cwd(), 'script');
}

/** `file`: below node_modules. */
function inNodeModulesAbove(script: string, file: string): string | undefined {
  for (let folder = dirname(script); ; folder = dirname(folder)) {
    const path = join(folder, 'node_modules', file);
    if (existsSync(path)) return path;
    if (folder === dirname(folder)) return undefined;
  }
}

/** The file where the entry has it beside itself, else in node_modules above the script. */
function existing(beside: URL | undefined, inNodeModules: string): URL {
  if (beside && existsSync(beside)) return beside;
  const script = thisScript();
  const path = inNodeModulesAbove(script, inNodeModules);
  if (path !== undefined) return pathToFileURL(path);
  const cure =
    "keep 'latformer' out of the bundle (for Next: serverExternalPackages), or name the folder of its files by { wasmPaths }, a copy of node_modules/latformer/dist";
  throw new LatformerError('read_failed', `${inNodeModules} is not beside ${script}: ${cure}`);
}

export function packageFile(file: PackageFile, wasmPaths: string | URL | undefined): URL {
  if (wasmPaths !== undefined) return new URL(file, folderUrl(wasmPaths));
  return existing(addressBesideEntry(file), `latformer/dist/${file}`);
}

/** Where a binary may be; in a folder that somebody made it may be gzipped or not. */
export function binaryFiles(binary: BinaryName, wasmPaths: string | URL | undefined): [URL, ...URL[]] {
  const packed = packageFile(`${binary}.gz`, wasmPaths);
  return wasmPaths === undefined ? [packed] : [packed, new URL(binary, folderUrl(wasmPaths))];
}

/** A file of the bundled model; `beside`: where its package says that it is. */
export function modelFile(file: string, beside: URL | undefined, wasmPaths: string | URL | undefined): URL {
  if (wasmPaths !== undefined) return new URL(`models/sentiment/${file}`, folderUrl(wasmPaths));
  return existing(beside, `@latformer/sentiment/${file}`);
}
