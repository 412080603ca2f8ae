// What a head made of each token, by windows.
import type { RawWindow } from '../engine.js';
import type { Encoded } from './encoder_base.js';

export interface WindowRows {
  window: RawWindow;
  /** Of each token, `width` numbers. */
  rows: Float32Array[];
  /** Of each token: where it begins and ends in its text. */
  spans: Uint32Array;
}

export function rowsOfTokens({ raw }: Encoded, width: number): WindowRows[] {
  let first = 0;
  return (raw.windows ?? []).map((window) => {
    const { length } = window.ids;
    const at = first;
    first += length;
    return {
      window,
      rows: Array.from(window.ids, (_, i) => raw.values.subarray((at + i) * width, (at + i + 1) * width)),
      spans: (raw.spans ?? new Uint32Array()).subarray(2 * at, 2 * first),
    };
  });
}
