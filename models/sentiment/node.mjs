// As index.mjs, for Node: an address that a bundler made of a file is taken where it is one of a file (Next's for components is
// that of a page), else the file's path, which tools that trace files recognise.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const file = (url, path) => (url.protocol === 'file:' && existsSync(url) ? url : pathToFileURL(path));

export const vocabulary = file(new URL('./vocab.txt', import.meta.url), join(here, 'vocab.txt'));
export const weights = file(new URL('./model.safetensors', import.meta.url), join(here, 'model.safetensors'));
