// Unpacks gzip as browsers do.
import type { Gunzip } from '../../bindings/download/gzip.js';
import { LatformerError } from '../../bindings/errors.js';

export const gunzip: Gunzip = async (bytes, most) => {
  if (typeof DecompressionStream !== 'function') {
    const message =
      'there is no DecompressionStream here; Chromium 80, Firefox 113 and Safari 16.4 have it, and { wasmBinary } takes a binary that is unpacked';
    throw new LatformerError('unsupported_runtime', message);
  }
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip')).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    size += value.length;
    if (size > most) {
      await reader.cancel();
      throw new RangeError(`it is larger than ${most / 2 ** 20} MiB`);
    }
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
};
