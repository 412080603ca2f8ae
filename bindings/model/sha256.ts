// SHA-256 (FIPS 180-4) of bytes that come in parts, which the browser's crypto.subtle cannot take (web/src/hash.ts); Node has its
// own, ten times as fast.

/** Takes bytes in parts of any size; `digest` once, in the end. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  digest(): Uint8Array | Promise<Uint8Array>;
}

/** `size`: of all parts together, in bytes, where it is known. */
export type StartHash = (size: number | undefined) => Hasher;

const blockSize = 64;
const fraction = (x: number): number => (x % 1) * 2 ** 32;

/** The first `count` primes. */
function primes(count: number): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; ++n) if (found.every((prime) => n % prime !== 0)) found.push(n);
  return found;
}

const roundConstants = Int32Array.from(primes(64), (prime) => fraction(Math.cbrt(prime)));
const initial = Int32Array.from(primes(8), (prime) => fraction(Math.sqrt(prime)));
const words = new Int32Array(64); // of the block at work

const turn = (x: number, by: number): number => (x >>> by) | (x << (32 - by));

/** The whole blocks in `bytes`; `state` becomes what it is behind them. Gives how many bytes these are. */
function compress(state: Int32Array, bytes: Uint8Array): number {
  const end = bytes.length - (bytes.length % blockSize);
  let [s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0] = state;
  for (let at = 0; at < end; at += blockSize) {
    for (let i = 0, j = at; i < 16; ++i, j += 4) {
      words[i] = (bytes[j]! << 24) | (bytes[j + 1]! << 16) | (bytes[j + 2]! << 8) | bytes[j + 3]!;
    }
    for (let i = 16; i < 64; ++i) {
      const a = words[i - 15]!;
      const b = words[i - 2]!;
      const mixed = (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10));
      words[i] = mixed + words[i - 7]! + words[i - 16]!;
    }
    let [a, b, c, d, e, f, g, h] = [s0, s1, s2, s3, s4, s5, s6, s7];
    for (let i = 0; i < 64; ++i) {
      const choice = g ^ (e & (f ^ g));
      const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + choice + roundConstants[i]! + words[i]!) | 0;
      const majority = (a & b) | (c & (a | b));
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + majority) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + one) | 0;
      d = c;
      c = b;
      b = a;
      a = (one + two) | 0;
    }
    s0 = (s0 + a) | 0;
    s1 = (s1 + b) | 0;
    s2 = (s2 + c) | 0;
    s3 = (s3 + d) | 0;
    s4 = (s4 + e) | 0;
    s5 = (s5 + f) | 0;
    s6 = (s6 + g) | 0;
    s7 = (s7 + h) | 0;
  }
  state.set([s0, s1, s2, s3, s4, s5, s6, s7]);
  return end;
}

export function sha256(): Hasher {
  const state = initial.slice();
  const rest = new Uint8Array(2 * blockSize);
  let held = 0; // bytes in `rest`, less than a block
  let length = 0;

  return {
    update(bytes) {
      length += bytes.length;
      let from = 0;
      if (held > 0) {
        from = Math.min(blockSize - held, bytes.length);
        rest.set(bytes.subarray(0, from), held);
        held += from;
        if (held < blockSize) return;
        compress(state, rest.subarray(0, blockSize));
      }
      from += compress(state, bytes.subarray(from));
      rest.set(bytes.subarray(from));
      held = bytes.length - from;
    },

    digest() {
      rest.fill(0, held);
      rest[held] = 0x80;
      const padded = rest.subarray(0, held < blockSize - 8 ? blockSize : 2 * blockSize);
      new DataView(rest.buffer).setBigUint64(padded.length - 8, BigInt(length) * 8n);
      compress(state, padded);
      const digest = new DataView(new ArrayBuffer(32));
      state.forEach((word, i) => digest.setInt32(4 * i, word));
      return new Uint8Array(digest.buffer);
    },
  };
}
