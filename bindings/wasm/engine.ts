// The engine of WebAssembly: one model in one instance of the module, run in this thread. Or of the native addon, whose Session
// is the same.
//
// An instance that trapped (a defect, or memory that ran out where the core could not see it) is never used again: the
// call that met it and all later ones reject with code 'internal'.
import { nextTurn, throwIfAborted } from '../abort.js';
import type { Dtype } from '../choices.js';
import type {
  Encodings,
  EncodeOptions,
  Description,
  Engine,
  Generated,
  GenerateOptions,
  Kind,
  LoadedModel,
  LoadedTokenizer,
  RawCalibration,
  RawPiece,
  RawTokens,
  SmallFiles,
  TextInput,
  WeightsFrom,
  Work,
} from '../engine.js';
import { LatformerError, messageOf } from '../errors.js';
import type { LatformerErrorCode } from '../errors.js';
import createModule from './glue.js';
import type { Failure, Session } from './glue.js';
import { startThreads } from './threads.js';
import type { StartThread } from './threads.js';

export interface WasmEngine extends Engine {
  /**
   * Comes before all else. More than one thread: `module` is one with shared memory. Gives notes for ModelInfo. A path is that
   * of the native addon; rejects with code 'unsupported_runtime' where it cannot be loaded.
   */
  start(module: WebAssembly.Module | string, threads: number): Promise<string[]>;
}

/** Gives the addon's session. */
export type OpenAddon = (path: string) => Session;

const stagingSize = 1 << 20;
const slice = 20; // milliseconds of work, or a layer, between which signals, and a page, have their turn
const pause = 5; // milliseconds until it is asked again whether another engine has loaded the weights
const largestText = 0x7fff_0000; // bytes; what a 32-bit instance can address besides itself

function isFailure(value: object): value is Failure {
  return Object.hasOwn(value, 'error');
}

// In pages of 64 KiB, as bindings/CMakeLists.txt has it: what the module begins with, and the most it can grow to. All of
// a shared memory's address space is taken at once, and not every device has that much.
const firstPages = 256;
const mostPages = [65536, 32768, 16384, 8192];

function sharedMemory(): WebAssembly.Memory {
  for (const maximum of mostPages) {
    try {
      return new WebAssembly.Memory({ initial: firstPages, maximum, shared: true });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  throw new RangeError('no address space for a shared memory');
}

async function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory | undefined): Promise<Session> {
  // The glue has no way to hear of a failed instantiation, hence the promise around it.
  return new Promise((resolve, reject) => {
    const quiet = (): void => undefined; // what the core prints when it aborts is in the RuntimeError too
    createModule({
      instantiateWasm(imports, receive) {
        WebAssembly.instantiate(module, imports)
          .then((instance) => receive(instance, module)) // throws when the module is not ours
          .catch(reject);
        return {};
      },
      ...(memory && { wasmMemory: memory }),
      print: quiet,
      printErr: quiet,
    })
      .then(({ Session }) => {
        if (Session === undefined) throw new Error('the binary is not one of this version of Latformer');
        resolve(new Session());
      })
      .catch(reject);
  });
}

export class LocalEngine implements WasmEngine {
  readonly lanes = 1;
  #session: Session | undefined;
  #whyNot = new LatformerError('internal', 'the engine was not started');
  #isClosed = false;
  #threads = 1;
  #endThreads: () => void = () => undefined;
  readonly #startThread: StartThread;
  readonly #openAddon: OpenAddon | undefined;
  readonly #encoder = new TextEncoder();

  constructor(startThread: StartThread, openAddon?: OpenAddon) {
    this.#startThread = startThread;
    this.#openAddon = openAddon;
  }

  async start(module: WebAssembly.Module | string, threads: number): Promise<string[]> {
    if (typeof module === 'string') {
      try {
        this.#session = this.#openAddon?.(module);
      } catch (cause) {
        throw new LatformerError('unsupported_runtime', `cannot load the addon: ${messageOf(cause)}`, { cause });
      }
      this.#threads = threads; // which start by themselves
      if (this.#isClosed) this.close();
      return [];
    }
    const notes: string[] = [];
    const memory = await this.#instantiate(module, threads > 1);
    if (memory !== undefined) {
      const starts = Array.from({ length: threads - 1 }, () => this.#call((session) => session.addThread()));
      const onDeath = (cause: unknown): void => void this.#stop(`a thread ended: ${messageOf(cause)}`, cause);
      try {
        this.#endThreads = await startThreads(this.#startThread, module, memory, starts, onDeath);
        this.#threads = threads;
      } catch (cause) {
        notes.push(`runs on one thread: ${messageOf(cause)}`);
        await this.#instantiate(module, true); // the one before has been promised threads
      }
    }
    if (this.#isClosed) this.close(); // meanwhile
    return notes;
  }

  /** Gives the memory if it is shared. */
  async #instantiate(module: WebAssembly.Module, isShared: boolean): Promise<WebAssembly.Memory | undefined> {
    try {
      const memory = isShared ? sharedMemory() : undefined;
      this.#session = await instantiate(module, memory);
      return memory;
    } catch (cause) {
      const code = cause instanceof RangeError ? 'out_of_memory' : 'unsupported_runtime';
      throw new LatformerError(code, `cannot start WebAssembly: ${messageOf(cause)}`, { cause });
    }
  }

  /** Of the small files, and the first bytes of model.safetensors with its header. The engine opens no model after that. */
  async describe(files: SmallFiles, head: Uint8Array): Promise<Description> {
    this.#give(files);
    this.#stage([head]);
    return this.#call((session) => session.describe(head.length));
  }

  async open(
    kind: Kind,
    files: SmallFiles,
    dtype: Dtype | undefined,
    origin: string | undefined,
  ): Promise<WeightsFrom> {
    this.#give(files);
    for (;;) {
      const { weights } = this.#call((session) => session.open(kind, this.#threads, dtype ?? '', origin ?? ''));
      if (weights !== 'elsewhere') return weights;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  async append(bytes: Uint8Array): Promise<void> {
    await nextTurn(); // where the bytes were in memory all along, nothing else gives it
    for (let begin = 0; begin < bytes.length; begin += stagingSize) {
      const part = bytes.subarray(begin, begin + stagingSize);
      this.#stage([part]);
      this.#call((session) => session.append(part.length));
    }
  }

  async finish(): Promise<LoadedModel> {
    return this.#call((session) => session.finish());
  }

  async openTokenizer(files: SmallFiles): Promise<LoadedTokenizer> {
    this.#give(files);
    return this.#call((session) => session.openTokenizer());
  }

  async tokenize(input: TextInput, special: boolean): Promise<RawTokens> {
    const lengths = this.#stageInputs([input]);
    return this.#call((session) => session.tokenize(lengths, special));
  }

  async encode(inputs: TextInput[], options: EncodeOptions, work?: Work): Promise<Encodings> {
    await nextTurn();
    throwIfAborted([work?.signal]);
    const begin = performance.now();
    const lengths = this.#stageInputs(inputs);
    this.#call((session) => session.startEncoding(lengths, options));
    const stop = (session: Session): object => session.stopEncoding();
    return this.#inParts(work, stop, () => {
      const run = this.#call((session) => session.goOnEncoding(slice));
      if (run.results === undefined) return undefined;
      const milliseconds = performance.now() - begin;
      return { results: run.results, milliseconds, coreMilliseconds: run.milliseconds ?? 0 };
    });
  }

  async textsOf(ids: number[][], skipSpecial: boolean): Promise<string[]> {
    return this.#call((session) =>
      session.textsOf(
        ids.flatMap((text) => [...text, -1]),
        skipSpecial,
      ),
    ).texts;
  }

  async generate(prompts: string[], options: GenerateOptions, work?: Work<RawPiece[]>): Promise<Generated> {
    await nextTurn();
    throwIfAborted([work?.signal]);
    const begin = performance.now();
    const texts = prompts.map((prompt) => this.#encode(prompt));
    this.#stage(texts);
    const lengths = texts.map(({ length }) => length);
    this.#call((session) => session.startGeneration(lengths, options));
    const stop = (session: Session): object => session.stopGeneration();
    return this.#inParts(work, stop, () => {
      const { pieces, done } = this.#call((session) => session.nextPieces(slice));
      work?.onPiece?.(pieces);
      if (!done) return undefined;
      return { stats: this.#call((session) => session.generationStats()), milliseconds: performance.now() - begin };
    });
  }

  async calibrate(outside: number): Promise<RawCalibration> {
    await nextTurn();
    return this.#call((session) => session.calibrate(outside));
  }

  async restoreCalibration(json: string): Promise<RawCalibration> {
    const size = this.#stage([this.#encode(json)]);
    return this.#call((session) => session.restoreCalibration(size));
  }

  nothing(): Promise<void> {
    return nextTurn();
  }

  close(): void {
    this.#isClosed = true;
    this.#endThreads();
    this.#endThreads = () => undefined;
    this.#session?.close?.();
    this.#session = undefined; // the instance and its whole memory go with it
    this.#whyNot = new LatformerError('disposed', 'the engine was closed');
  }

  /** Nothing runs here any more; gives the error that calls reject with. */
  #stop(why: string, cause: unknown): LatformerError {
    if (this.#session === undefined) return this.#whyNot; // for a reason of its own
    this.#session = undefined;
    this.#endThreads();
    this.#endThreads = () => undefined;
    return (this.#whyNot = new LatformerError('internal', `the engine stopped (${why}); create a new pipeline`, {
      cause,
    }));
  }

  #give(files: SmallFiles): void {
    for (const [name, bytes] of files) {
      const size = this.#stage([bytes]);
      this.#call((session) => session.file(name, size));
    }
  }

  /** UTF-8, each lone surrogate as U+FFFD, which keeps string indices as they are. */
  #encode(text: string): Uint8Array {
    try {
      return this.#encoder.encode(text);
    } catch (cause) {
      throw new LatformerError('out_of_memory', `a text of ${text.length} characters is too long`, { cause });
    }
  }

  /** Lays texts and pairs into the staging block; gives the length of each, -1 for none. */
  #stageInputs(inputs: readonly TextInput[]): number[] {
    const texts = inputs.flatMap(({ text, text_pair }) => [text, text_pair]);
    const pieces = texts.map((text) => (text === undefined ? undefined : this.#encode(text)));
    this.#stage(pieces.filter((piece) => piece !== undefined));
    return pieces.map((piece) => piece?.length ?? -1);
  }

  /** Lays `pieces` back to back into the staging block; gives their size. */
  #stage(pieces: readonly Uint8Array[]): number {
    const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (size > largestText) throw new LatformerError('out_of_memory', `${size} bytes cannot be handled at once`);
    const view = this.#call((session) => session.stage(size));
    let at = 0;
    for (const piece of pieces) {
      view.set(piece, at);
      at += piece.length;
    }
    return size;
  }

  /** Runs `part` until it gives something; `stop` ends what it is a part of, on every way out. */
  async #inParts<T>(
    work: Work<never> | undefined,
    stop: (session: Session) => object | Failure,
    part: () => T | undefined,
  ): Promise<T> {
    try {
      for (;;) {
        const whole = part();
        if (whole !== undefined) return whole;
        await nextTurn(); // in which a signal may come
        throwIfAborted([work?.signal]);
      }
    } finally {
      if (this.#session !== undefined) this.#call(stop);
    }
  }

  #call<T extends object>(method: (session: Session) => T | Failure): T {
    if (this.#session === undefined) throw this.#whyNot;
    let value: T | Failure;
    try {
      value = method(this.#session);
    } catch (cause) {
      throw this.#stop(messageOf(cause), cause);
    }
    if (isFailure(value)) throw new LatformerError(value.error.code as LatformerErrorCode, value.error.message);
    return value;
  }
}
