// What the pipelines of all tasks have in common: a queue in front of an engine, a speed, and an end. Calls begin in their
// order.
import { checkCalibrationOptions, checkLatencyBudget, checkSpeedup } from '../arguments/speed.js';
import type { SpeedDefaults } from '../arguments/speed.js';
import { orAborted, throwIfAborted } from '../abort.js';
import type { Signals } from '../abort.js';
import type { Engine } from '../engine.js';
import { LatformerError } from '../errors.js';
import type { Calibrator } from '../time/calibration.js';
import type { AdjustablePipeline, Calibration, CalibrationOptions } from '../types/adjustable.js';
import type { BaseModelInfo } from '../types/model.js';
import { Queue } from './queue.js';
import type { Job } from './queue.js';

export abstract class PipelineBase<Info extends BaseModelInfo = BaseModelInfo> {
  readonly #queue: Queue;
  readonly #disposal = new AbortController();
  #pending = 0;
  #speedup = 1;
  #budget: number | undefined; // instead of the speedup

  /** `maxPending`: how many calls may be unanswered at a time. */
  constructor(
    protected readonly engine: Engine,
    readonly info: Info,
    protected readonly calibrator: Calibrator,
    readonly maxPending: number,
  ) {
    this.#queue = new Queue(engine.lanes);
  }

  /** Calls without an answer yet. */
  get pending(): number {
    return this.#pending;
  }

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
    const ready =
      this.#budget === undefined ? Promise.resolve() : this.inTurn(() => this.calibrateOnce(), undefined, true);
    ready.catch(() => undefined); // who does not await it hears of a failure from the calls
    return ready;
  }

  async calibrate(given?: CalibrationOptions): Promise<Calibration> {
    const { fresh, signal } = checkCalibrationOptions(given);
    return this.inTurn((signals) => this.calibrator.calibrate(fresh, signals), signal, true);
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

  /** What a call with this budget waits for; it stands in the queue before the call. */
  protected calibratedFor(budget: number | undefined, signal: AbortSignal | undefined): Promise<void> | undefined {
    if (budget === undefined || this.calibrator.isCalibrated) return undefined;
    const calibrated = this.inTurn(() => this.calibrateOnce(), signal, true);
    calibrated.catch(() => undefined); // the call hears of it
    return calibrated;
  }

  /** What ends work for a caller with this signal. */
  protected signalsOf(signal: AbortSignal | undefined): Signals {
    return [this.#disposal.signal, signal];
  }

  /** Counts `call` as unanswered until it is done. Rejects with code 'overloaded' where there are too many. */
  protected async admitted<T>(call: () => Promise<T>): Promise<T> {
    if (this.#pending >= this.maxPending) {
      const message = `${this.#pending} calls are unanswered, as many as { maxPending } allows; try again later`;
      throw new LatformerError('overloaded', message);
    }
    ++this.#pending;
    try {
      return await call();
    } finally {
      --this.#pending;
    }
  }

  protected enqueue(job: Job): void {
    this.#queue.add(job);
  }

  /**
   * Runs `work` in its turn, alone if asked for. Rejects as soon as `signal` is aborted or the pipeline disposed of.
   */
  protected async inTurn<T>(
    work: (signals: Signals) => Promise<T>,
    signal: AbortSignal | undefined,
    isAlone = false,
  ): Promise<T> {
    const signals = this.signalsOf(signal);
    throwIfAborted(signals);
    const done = new Promise<T>((resolve, reject) => {
      const run = async (): Promise<void> => {
        try {
          throwIfAborted(signals);
          resolve(await work(signals));
        } catch (error) {
          reject(error);
        }
      };
      this.enqueue({ run, isAlone });
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
  Object.defineProperty(call, 'pending', { get: () => base.pending, enumerable: true });
  // Older browsers do not have these symbols yet.
  if (Symbol.dispose) Object.defineProperty(call, Symbol.dispose, { value: () => void dispose() });
  if (Symbol.asyncDispose) Object.defineProperty(call, Symbol.asyncDispose, { value: dispose });
  return call as Call & AdjustablePipeline & More;
}
