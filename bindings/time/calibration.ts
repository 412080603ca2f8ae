// A calibration: how long the model takes on this device. Measured once, then kept where the platform can keep it.
//
// What is kept names the model's shape, the kernels and the device that it was measured with. Anything else under its
// name, and anything that the core does not accept, is as if nothing were there.
import { throwIfAborted } from '../abort.js';
import type { Signals } from '../abort.js';
import type { Engine, RawCalibration } from '../engine.js';
import { LatformerError } from '../errors.js';
import type { Calibration } from '../types/adjustable.js';
import type { ModelInfo } from '../types/classification.js';
import type { BaseModelInfo } from '../types/model.js';
import { Overhead } from './overhead.js';

declare const LATFORMER_VERSION: string; // by scripts/build_js.mjs

/** Small texts that outlive the page or process. Where they cannot be kept, nothing is there and nothing happens. */
export interface Keeper {
  read(name: string): Promise<string | undefined>;
  write(name: string, text: string): Promise<void>;
}

export interface DeviceMemory {
  /** Keeps what was measured. */
  keeper: Keeper;
  /** The machine and its JavaScript engine: a calibration holds for no other. */
  device(): string;
}

/** FNV-1a, 64 bits: a name for a file, no more. */
function nameOf(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, '0');
}

const emptyCalls = 9;

/** What a call takes besides the work on its texts: two messages, if the engine lives in a worker. */
async function timeOfEmptyCall(engine: Engine): Promise<number> {
  const times: number[] = [];
  for (let call = 0; call < emptyCalls; ++call) {
    const begin = performance.now();
    await engine.nothing();
    times.push(performance.now() - begin);
  }
  return times.sort((a, b) => a - b)[emptyCalls >> 1] ?? 0;
}

export class Calibrator {
  #outside = 0; // milliseconds of a call without any text, which the core knows of
  #overhead: Overhead | undefined; // what others take beyond that

  constructor(
    readonly engine: Engine,
    readonly memory: DeviceMemory,
    readonly info: BaseModelInfo,
    readonly inWorker: boolean,
  ) {}

  /** `fresh`: whatever is kept. What is measured once a signal is aborted is not begun. */
  async calibrate(fresh: boolean, signals: Signals = []): Promise<Calibration> {
    const identity = this.#identity();
    const kept = fresh ? undefined : await this.#restore(identity);
    throwIfAborted(signals);
    const calibration = kept ?? (await this.#measure());
    if (kept === undefined) {
      const text = `{"identity":${identity},"calibration":${calibration.json}}\n`;
      await this.memory.keeper.write(nameOf(identity), text);
    }
    this.#outside = calibration.outside;
    this.#overhead = new Overhead();
    return { source: kept === undefined ? 'measured' : 'cache', texts: calibration.texts };
  }

  get isCalibrated(): boolean {
    return this.#overhead !== undefined;
  }

  /** Milliseconds that a call takes beside what the core predicts; 0 without calibration. */
  get overhead(): number {
    return this.#overhead?.milliseconds ?? 0;
  }

  /** A call with one text ended: what it took in all, and in the core. */
  observe(milliseconds: number, coreMilliseconds: number): void {
    this.#overhead?.observe(milliseconds - coreMilliseconds - this.#outside);
  }

  /** All that time depends on, as JSON. */
  #identity(): string {
    const { labels, problem_type, max_speedup, source, notes, ...model } = this.info as BaseModelInfo &
      Partial<ModelInfo>;
    void [labels, problem_type, max_speedup, source, notes]; // these cost none
    const { memory, inWorker } = this;
    return JSON.stringify({ version: LATFORMER_VERSION, device: memory.device(), inWorker, model });
  }

  async #measure(): Promise<RawCalibration> {
    try {
      return await this.engine.calibrate(await timeOfEmptyCall(this.engine));
    } catch (error) {
      if (!(error instanceof LatformerError) || error.code !== 'invalid_argument') throw error;
      throw new LatformerError('unsupported_runtime', `cannot calibrate: ${error.message}`, { cause: error });
    }
  }

  async #restore(expected: string): Promise<RawCalibration | undefined> {
    const text = await this.memory.keeper.read(nameOf(expected));
    if (text === undefined) return undefined;
    let json: string;
    try {
      const { identity, calibration } = JSON.parse(text) as { identity: unknown; calibration: unknown };
      if (JSON.stringify(identity) !== expected) return undefined;
      json = JSON.stringify(calibration) ?? '';
    } catch {
      return undefined;
    }
    try {
      return await this.engine.restoreCalibration(json);
    } catch (error) {
      if (error instanceof LatformerError && error.code === 'bad_model') return undefined;
      throw error;
    }
  }
}
