/// <reference lib="esnext.disposable" preserve="true" />
// What every pipeline has: a speed that can be changed, and an end.

/** How long texts take on this device. */
export interface Calibration {
  /** Measured now, or kept from an earlier time. */
  source: 'measured' | 'cache';
  /** At speedup 1, as predicted, for lengths that double up to `max_tokens`. */
  texts: { tokens: number; milliseconds: number }[];
}

export interface CalibrationOptions {
  /** Measure even if an earlier calibration is kept. */
  fresh?: boolean | undefined;
  /** Rejects at once when it is aborted. What is being measured by then ends, within a quarter of a second, and is kept. */
  signal?: AbortSignal | null | undefined;
}

/** What a call of any task can be told. Texts are cut in any case, and never padded. */
export interface CallOptions {
  /** Of transformers; without effect. */
  padding?: unknown;
  /** Speedup of this call, from 1 to `maxSpeedup`. */
  speedup?: number | undefined;
  /** Milliseconds for each input of this call, above 0, instead of a speedup; null for none. */
  latency_budget?: number | null | undefined;
  /** Add `stats` to each result. */
  stats?: boolean | undefined;
  /** Cancels the call. */
  signal?: AbortSignal | null | undefined;
}

/** What the pipelines of all tasks have in common. */
export interface AdjustablePipeline {
  /** The largest speedup that the profile was validated for. */
  readonly maxSpeedup: number;
  getSpeedup(): number;
  /** Speed of later calls; finite, from 1 to `maxSpeedup`, else a RangeError. */
  setSpeedup(speedup: number): void;
  getLatencyBudget(): number | null;
  /**
   * Milliseconds for each input of later calls, above 0, else a RangeError: each runs with the smallest speedup whose
   * predicted time fits. null, or setSpeedup(), ends it. Calibrates first where that was not done; there is no need to
   * await it.
   */
  setLatencyBudget(milliseconds: number | null): Promise<void>;
  /**
   * Times the model on this device, for about a quarter of a second, or takes what is kept from an earlier time. From
   * then on a speedup is one of time, not of multiply-accumulates.
   */
  calibrate(options?: CalibrationOptions): Promise<Calibration>;
  /** Calls that have no answer yet, those that run among them. */
  readonly pending: number;
  /** Gives the memory back. Calls that are not done, and later ones, reject with code 'disposed'. May be called twice. */
  dispose(): Promise<void>;
  [Symbol.dispose](): void;
  [Symbol.asyncDispose](): Promise<void>;
}
