// Unpacks gzip by zlib, beside this thread; not every runtime has DecompressionStream.
import type { Gunzip } from '../bindings/download/gzip.js';
import { nodeZlib } from './builtins.js';

export const gunzip: Gunzip = (bytes, most) =>
  new Promise((resolve, reject) => {
    nodeZlib().gunzip(bytes, { maxOutputLength: most, chunkSize: 1 << 20 }, (error, unpacked) =>
      error ? reject(error) : resolve(unpacked),
    );
  });
