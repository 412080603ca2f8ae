// The module that emcc makes of embind.cc; scripts/build_js.mjs puts the real one in its place.

/** What a method gives instead of its value. */
export interface Failure {
  error: { code: string; message: string };
}

export interface RawWindow {
  sequenceIds: Uint8Array;
  special: Uint8Array;
  continues: Uint8Array;
  truncated: boolean;
  keptPositions: Uint32Array[];
  tokensPerLayer: Uint32Array;
  macs: number;
  achievedSpeedup: number;
  /** Where the model is calibrated. */
  predictedMilliseconds?: number;
}

export interface RawResult {
  scores: Float32Array;
  spans?: Uint32Array;
  windows?: RawWindow[];
  /** Where the model is calibrated: with the margin that keeps nearly all calls below it. */
  predictedMilliseconds?: number;
}

/** A calibration to keep, and what it says of texts at speedup 1. */
export interface RawCalibration {
  json: string;
  /** Milliseconds of a call without any text. */
  outside: number;
  texts: { tokens: number; milliseconds: number }[];
}

/** What the core knows about a model that it has loaded. */
export type LoadedModel = Omit<import('./types.js').ModelInfo, 'binary'>;

export interface Session {
  addThread(): import('./thread.js').ThreadStart | Failure;
  stage(size: number): Uint8Array | Failure;
  open(
    config: number,
    tokenizer: number,
    tokenizerConfig: number,
    vocab: number,
    profile: number,
    threads: number,
    dtype: string,
  ): object | Failure;
  append(size: number): object | Failure;
  finish(): LoadedModel | Failure;
  run(
    lengths: number[],
    speedup: number,
    budget: number | undefined,
    windows: boolean,
    traces: boolean,
  ): { results: RawResult[]; milliseconds: number } | Failure;
  calibrate(outside: number): RawCalibration | Failure;
  restoreCalibration(size: number): RawCalibration | Failure;
  releaseStaging(): void;
}

export interface LatformerModule {
  /** Absent if the binary is not ours. */
  Session?: new () => Session;
}

export interface ModuleOptions {
  instantiateWasm(
    imports: WebAssembly.Imports,
    receive: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
  ): object;
  wasmMemory?: WebAssembly.Memory;
  print(line: string): void;
  printErr(line: string): void;
}

export default function createModule(options: ModuleOptions): Promise<LatformerModule>;
