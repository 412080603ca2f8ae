// Engine: one model in one WebAssembly instance. LocalEngine runs it in this thread; remote.ts puts it in a worker.
//
//   start(module) -> open(small files) -> append(part of the weights)... -> finish() -> run(texts)... -> close()
//
// An instance that trapped (a defect, or memory that ran out where the core could not see it) is never used again: the
// call that met it and all later ones reject with code 'internal'.
import createModule from './glue.js';
import type { Failure, RawCalibration, RawResult, Session } from './glue.js';
import { nextTurn } from './abort.js';
import type { CheckedInput } from './arguments.js';
import { LatformerError, messageOf } from './errors.js';
import type { LatformerErrorCode } from './errors.js';
import type { ModelInfo } from './types.js';

/** The small files of a model, whole; empty where absent. */
export interface SmallFiles {
  config: Uint8Array;
  tokenizer: Uint8Array;
  tokenizerConfig: Uint8Array;
  vocab: Uint8Array;
  profile: Uint8Array;
}

export interface RunOptions {
  speedup: number;
  /** Milliseconds for each input instead; the engine must be calibrated. */
  budget: number | undefined;
  windows: boolean;
  stats: boolean;
}

export interface RunResult {
  results: RawResult[];
  milliseconds: number;
}

export interface Engine {
  start(module: WebAssembly.Module): Promise<void>;
  open(files: SmallFiles): Promise<void>;
  /** The next bytes of model.safetensors, of which the engine becomes the owner. */
  append(bytes: Uint8Array): Promise<void>;
  finish(): Promise<ModelInfo>;
  /** One batch: nothing interrupts it. */
  run(inputs: CheckedInput[], options: RunOptions): Promise<RunResult>;
  /** Times the model; `outside` is what a call takes around it, in milliseconds. */
  calibrate(outside: number): Promise<RawCalibration>;
  /** The same from the json of an earlier one. Rejects with code 'bad_model' if it is none. */
  restoreCalibration(json: string): Promise<RawCalibration>;
  close(): void;
}

const stagingSize = 1 << 20;
const largestText = 0x7fff_0000; // bytes; what a 32-bit instance can address besides itself

function isFailure(value: object): value is Failure {
  return Object.hasOwn(value, 'error');
}

async function instantiate(module: WebAssembly.Module): Promise<Session> {
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
      print: quiet,
      printErr: quiet,
    }).then((glue) => resolve(new glue.Session()), reject);
  });
}

export class LocalEngine implements Engine {
  #session: Session | undefined;
  #whyNot = new LatformerError('internal', 'the engine was not started');
  readonly #encoder = new TextEncoder();

  async start(module: WebAssembly.Module): Promise<void> {
    try {
      this.#session = await instantiate(module);
    } catch (cause) {
      const code = cause instanceof RangeError ? 'out_of_memory' : 'unsupported_runtime';
      throw new LatformerError(code, `cannot start WebAssembly: ${messageOf(cause)}`, { cause });
    }
  }

  async open(files: SmallFiles): Promise<void> {
    const { config, tokenizer, tokenizerConfig, vocab, profile } = files;
    const pieces = [config, tokenizer, tokenizerConfig, vocab, profile] as const;
    this.#stage(pieces);
    this.#call((session) =>
      session.open(config.length, tokenizer.length, tokenizerConfig.length, vocab.length, profile.length),
    );
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let begin = 0; begin < bytes.length; begin += stagingSize) {
      const part = bytes.subarray(begin, begin + stagingSize);
      this.#stage([part]);
      this.#call((session) => session.append(part.length));
    }
  }

  async finish(): Promise<ModelInfo> {
    return this.#call((session) => session.finish());
  }

  async run(inputs: CheckedInput[], options: RunOptions): Promise<RunResult> {
    await nextTurn();
    const begin = performance.now();
    const pieces: Uint8Array[] = [];
    const lengths: number[] = [];
    for (const { text, text_pair } of inputs) {
      for (const each of [text, text_pair]) {
        if (each === undefined) {
          lengths.push(-1);
          continue;
        }
        const bytes = this.#encode(each);
        pieces.push(bytes);
        lengths.push(bytes.length);
      }
    }
    const size = this.#stage(pieces);
    const { speedup, budget, windows, stats } = options;
    const results = this.#call((session) => session.run(lengths, speedup, budget, windows, stats));
    if (size > stagingSize) this.#call((session) => session.releaseStaging() ?? {});
    return { results, milliseconds: performance.now() - begin };
  }

  async calibrate(outside: number): Promise<RawCalibration> {
    await nextTurn();
    return this.#call((session) => session.calibrate(outside));
  }

  async restoreCalibration(json: string): Promise<RawCalibration> {
    const size = this.#stage([this.#encode(json)]);
    return this.#call((session) => session.restoreCalibration(size));
  }

  close(): void {
    this.#session = undefined; // the instance and its whole memory go with it
    this.#whyNot = new LatformerError('disposed', 'the engine was closed');
  }

  /** UTF-8, each lone surrogate as U+FFFD, which keeps string indices as they are. */
  #encode(text: string): Uint8Array {
    try {
      return this.#encoder.encode(text);
    } catch (cause) {
      throw new LatformerError('out_of_memory', `a text of ${text.length} characters is too long`, { cause });
    }
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

  #call<T extends object>(method: (session: Session) => T | Failure): T {
    if (this.#session === undefined) throw this.#whyNot;
    let value: T | Failure;
    try {
      value = method(this.#session);
    } catch (cause) {
      this.#session = undefined;
      const message = `the engine stopped (${messageOf(cause)}); create a new pipeline`;
      this.#whyNot = new LatformerError('internal', message, { cause });
      throw this.#whyNot;
    }
    if (isFailure(value)) throw new LatformerError(value.error.code as LatformerErrorCode, value.error.message);
    return value;
  }
}
