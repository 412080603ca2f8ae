// The module that emcc makes of bindings/wasm/; scripts/build_js.mjs puts the real one in its place.

/** What a method gives instead of its value. */
export interface Failure {
  error: { code: string; message: string };
}

export interface Session {
  addThread(): import('./thread.js').ThreadStart | Failure;
  stage(size: number): Uint8Array | Failure;
  file(name: string, size: number): object | Failure;
  describe(headSize: number): import('../engine.js').Description | Failure;
  open(
    kind: import('../engine.js').Kind,
    threads: number,
    dtype: string,
    origin: string,
  ): { weights: import('../engine.js').WeightsFrom | 'elsewhere' } | Failure;
  openTokenizer(): import('../engine.js').LoadedTokenizer | Failure;
  tokenize(lengths: number[], special: boolean): import('../engine.js').RawTokens | Failure;
  append(size: number): object | Failure;
  finish(): import('../engine.js').LoadedModel | Failure;
  startEncoding(lengths: number[], options: import('../engine.js').EncodeOptions): object | Failure;
  /** Without results while there is more to do. */
  goOnEncoding(
    milliseconds: number,
  ): { results?: import('../engine.js').RawEncoded[]; milliseconds?: number } | Failure;
  stopEncoding(): object | Failure;
  /** Of several texts, -1 at the end of each. */
  textsOf(ids: number[], skipSpecial: boolean): { texts: string[] } | Failure;
  startGeneration(lengths: number[], options: import('../engine.js').GenerateOptions): object | Failure;
  nextPieces(milliseconds: number): { pieces: import('../engine.js').RawPiece[]; done: boolean } | Failure;
  generationStats(): import('../engine.js').RawGenerationStats[] | Failure;
  stopGeneration(): object | Failure;
  calibrate(outside: number): import('../engine.js').RawCalibration | Failure;
  /** The addon's: gives its memory back. WebAssembly's goes with the instance. */
  close?(): void;
  restoreCalibration(size: number): import('../engine.js').RawCalibration | Failure;
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
