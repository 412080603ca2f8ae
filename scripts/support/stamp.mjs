// Stamps: what a step was done for, written only when all of it is done.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root, toolchain } from './paths.mjs';

/** Writes a file aside and renames it, so that it is there whole or not at all; does nothing when it is as wanted. */
export function writeWhole(path, content, mode = 0o644) {
  if (readOrNull(path) === content) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.partial`, content, { mode });
  renameSync(`${path}.partial`, path);
}

/** An empty folder beside `path` to fill, and then to put in its place. */
export function emptyPartial(path) {
  const partial = `${path}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  return partial;
}

/** Puts a folder that is whole in the place of `path`, whether or not something is there. */
export function putInPlace(folder, path) {
  const old = `${path}.old`;
  rmSync(old, { recursive: true, force: true, maxRetries: 3 });
  if (existsSync(path)) renameSync(path, old);
  renameSync(folder, path);
  rmSync(old, { recursive: true, force: true, maxRetries: 3 });
}

export function readOrNull(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

const stampPath = (name) => join(toolchain, 'stamps', name);
export const stamped = (name, key) => readOrNull(stampPath(name)) === key;
export const stamp = (name, key) => writeWhole(stampPath(name), key);
export const unstamp = (name) => rmSync(stampPath(name), { force: true });

/** All files below the given files and folders, sorted. */
export function filesBelow(...paths) {
  const files = [];
  const visit = (path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat?.isFile()) files.push(path);
    if (!stat?.isDirectory()) return;
    for (const name of readdirSync(path)) {
      if (name !== 'node_modules' && !name.startsWith('.')) visit(join(path, name));
    }
  };
  for (const path of paths) visit(path.startsWith('/') ? path : join(root, path));
  return files.sort();
}

/** One hash over texts and the names and contents of files. */
export function hash(texts, files = []) {
  const sum = createHash('sha256');
  for (const text of texts) sum.update(`${text}\0`);
  for (const file of files) {
    sum.update(`${file}\0`);
    sum.update(createHash('sha256').update(readFileSync(file)).digest());
  }
  return sum.digest('hex');
}
