// What the pipelines of all tasks have in common: a queue in front of an engine, a speed, and an end. Calls are answered in
// order.
import { checkCalibrationOptions, checkLatencyBudget, checkSpeedup } from '../arguments/speed.js';
import type { SpeedDefaults } from '../arguments/speed.js';
import { orAborted, throwIfAborted } from '../abort.js';
import type { Engine } from '../engine.js';
import { LatformerError } from '../errors.js';
import type { Calibrator } from '../time/calibration.js';
import type { AdjustablePipeline, Calibration, CalibrationOptions } from '../types/adjustable.js';
import type { BaseModelInfo } from '../types/model.js';
import { Queue } from './queue.js';

export type Signals = readonly (AbortSignal | undefined)[];

export abstract class PipelineBase<Info extends BaseModelInfo = BaseModelInfo> {
  readonly #queue = new Queue();
  readonly #disposal = new AbortController();
  #speedup = 1;
  #budget: number | undefined; // instead of the speedup

  constructor(
    protected readonly engine: Engine,
    readonly info: Info,
    protected readonly calibrator: Calibrator,
  ) {}

  getSpeedup(): number {
    return this.#speedup;
  }

  setSpeedup(speedup: number): void {
    this.#speedup = checkSpeedup(speedup, this.info.max_speedup);
    this.#budget = undefined;
  }

  getLatencyBudget(): number | null {
    return this.#budget ?? null;
  }

  setLatencyBudget(milliseconds: number | null): Promise<void> {
    this.#budget = checkLatencyBudget(milliseconds);
    const ready = this.#budget === undefined ? Promise.resolve() : this.inTurn(() => this.calibrateOnce(), undefined);
    ready.catch(() => undefined); // who does not await it hears of a failure from the calls
    return ready;
  }

  async calibrate(given?: CalibrationOptions): Promise<Calibration> {
    const { fresh } = checkCalibrationOptions(given);
    return this.inTurn(() => this.calibrator.calibrate(fresh), undefined);
  }

  dispose(): void {
    this.#disposal.abort(new LatformerError('disposed', 'the pipeline was disposed of'));
    this.engine.close();
  }

  protected get speedDefaults(): SpeedDefaults {
    return { speedup: this.#speedup, budget: this.#budget, maxSpeedup: this.info.max_speedup };
  }

  protected async calibrateOnce(): Promise<void> {
    if (!this.calibrator.isCalibrated) await this.calibrator.calibrate(false);
  }

  /** Runs `job` when those before it are done. Rejects as soon as `signal` is aborted or the pipeline disposed of. */
  protected async inTurn<T>(job: (signals: Signals) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const signals = [this.#disposal.signal, signal];
    throwIfAborted(signals);
    const done = this.#queue.add(() => {
      throwIfAborted(signals);
      return job(signals);
    });
    return orAborted(done, signals);
  }
}

/** A function with the members that an AdjustablePipeline has, and `more`. */
export function callable<Call extends (...args: never[]) => unknown, More extends object>(
  call: Call,
  base: PipelineBase,
  more: More,
): Call & AdjustablePipeline & More {
  const dispose = (): Promise<void> => {
    base.dispose();
    return Promise.resolve();
  };
  const members = {
    ...more,
    info: base.info,
    maxSpeedup: base.info.max_speedup,
    getSpeedup: () => base.getSpeedup(),
    setSpeedup: (speedup: number) => base.setSpeedup(speedup),
    getLatencyBudget: () => base.getLatencyBudget(),
    setLatencyBudget: (milliseconds: number | null) => base.setLatencyBudget(milliseconds),
    calibrate: (options?: CalibrationOptions) => base.calibrate(options),
    dispose,
  };
  for (const [name, value] of Object.entries(members)) {
    Object.defineProperty(call, name, { value, enumerable: true });
  }
  // Older browsers do not have these symbols yet.
  if (Symbol.dispose) Object.defineProperty(call, Symbol.dispose, { value: () => void dispose() });
  if (Symbol.asyncDispose) Object.defineProperty(call, Symbol.asyncDispose, { value: dispose });
  return call as Call & AdjustablePipeline & More;
}
