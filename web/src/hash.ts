// SHA-256 in a browser: its own where a file may be held whole for it, for it takes no parts; else ours.
import { sha256 } from '../../bindings/model/sha256.js';
import type { StartHash } from '../../bindings/model/sha256.js';

const mostHeld = 32 * 2 ** 20; // the bundled model has 23 MB

export const startHash: StartHash = (size = Infinity) => {
  // A page that is not served securely has none.
  const subtle = (globalThis.crypto as Crypto | undefined)?.subtle;
  if (subtle === undefined || size > mostHeld) return sha256();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  return {
    update: (bytes) => void parts.push(bytes.slice()),
    digest: async () => new Uint8Array(await subtle.digest('SHA-256', await new Blob(parts).arrayBuffer())),
  };
};
