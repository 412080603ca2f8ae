// Which of the package's WebAssembly binaries runs here. They differ in what an engine must be able to do, never in what
// they answer (beyond the rounding of f32):
//
//   latformer.wasm            SIMD, which every engine has had for years
//   latformer-relaxed.wasm    relaxed SIMD: fused multiply-add and an int8 dot product, about twice as fast
//
// Each serves any number of threads (compile.ts), and lies in the package gzipped, as latformer.wasm.gz and so on.
import type { KernelSet } from '../choices.js';
import { parseJson } from '../model/json.js';
import { sizesOf } from '../model/sizes.js';
import type { Sizes } from '../model/sizes.js';

export const binaryNames = ['latformer.wasm', 'latformer-relaxed.wasm'] as const;
export type BinaryName = (typeof binaryNames)[number];

// A function that gives i8x16.splat of 0: valid only with SIMD, which needs SSE4.1 on x86.
const simdProbe = new Uint8Array([
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // "\0asm", version 1
  ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b], // type 0: () -> v128
  ...[0x03, 0x02, 0x01, 0x00], // function 0 is of type 0
  ...[0x0a, 0x08, 0x01, 0x06, 0x00, 0x41, 0x00, 0xfd, 0x0f, 0x0b], // i8x16.splat(0)
]);

export const hasSimd = (): boolean => WebAssembly.validate(simdProbe);

// A function of three v128 that gives f32x4.relaxed_madd of them: valid only with relaxed SIMD.
const relaxedProbe = new Uint8Array([
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // "\0asm", version 1
  ...[0x01, 0x08, 0x01, 0x60, 0x03, 0x7b, 0x7b, 0x7b, 0x01, 0x7b], // type 0: (v128, v128, v128) -> v128
  ...[0x03, 0x02, 0x01, 0x00], // function 0 is of type 0
  ...[0x0a, 0x0d, 0x01, 0x0b, 0x00, 0x20, 0x00, 0x20, 0x01, 0x20, 0x02, 0xfd, 0x85, 0x02, 0x0b], // relaxed_madd(0, 1, 2)
]);

// A module with the type of a structure, of garbage collection. V8 had relaxed SIMD before that (11.3 by a flag, in Node 20,
// and without one in the Chromium of its time), and there the int8 dot product gave wrong sums once it was optimised.
const structureProbe = new Uint8Array([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x03, 0x01, 0x5f, 0x00]);

export const hasRelaxedSimd = (): boolean => WebAssembly.validate(relaxedProbe) && WebAssembly.validate(structureProbe);

export function binaryFor(kernels: KernelSet | undefined): BinaryName {
  const isRelaxed = (kernels ?? (hasRelaxedSimd() ? 'relaxed' : 'base')) === 'relaxed';
  return isRelaxed ? 'latformer-relaxed.wasm' : 'latformer.wasm';
}

// A model of less than this (weights of the encoder's layers) answers in a few milliseconds with one thread; BERT-base
// has 85 million. Others get half of the processors, most of which are two of a core, and no more than four.
const fewWeights = 30e6;
const mostByDefault = 4;

/** How many threads serve a model well, by its config.json; the loader is the judge of a bad one. */
export function threadsByDefault(config: Uint8Array, processors: number): number {
  let sizes: Sizes;
  try {
    sizes = sizesOf((parseJson(new TextDecoder().decode(config)) ?? {}) as Record<string, unknown>);
  } catch {
    return 1;
  }
  const { layers, hidden, intermediate } = sizes;
  const weights = layers * hidden * (4 * hidden + 2 * intermediate);
  return weights >= fewWeights ? Math.min(mostByDefault, Math.ceil(processors / 2)) : 1;
}
