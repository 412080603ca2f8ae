// Unpacks gzip by zlib, beside this thread; not every runtime has DecompressionStream.
import { promisify } from 'node:util';
import { gunzip as inflate } from 'node:zlib';
import type { Gunzip } from '../bindings/download/gzip.js';

const inParts = promisify(inflate);

export const gunzip: Gunzip = (bytes, most) => inParts(bytes, { maxOutputLength: most, chunkSize: 1 << 20 });
