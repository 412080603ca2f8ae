// Waiting that an AbortSignal can end.

import { messageOf } from './errors.js';

export type Signals = readonly (AbortSignal | undefined)[];

/** Foreign signals may be without one. */
const reasonOf = ({ reason }: AbortSignal): unknown =>
  reason ?? new DOMException('This operation was aborted', 'AbortError');

export function throwIfAborted(signals: Signals): void {
  for (const signal of signals) {
    if (signal?.aborted === true) throw reasonOf(signal);
  }
}

type Reject = (reason: unknown) => void;

/** Who waits for a signal. All of them share one listener, because Node takes more than ten on one signal for a leak. */
class Waiters {
  readonly rejects = new Set<Reject>();

  constructor(readonly signal: AbortSignal) {}

  /** The listener. It asks nothing of the event: a foreign signal's may be without a target. */
  readonly rejectAll = (): void => {
    for (const reject of this.rejects) reject(reasonOf(this.signal));
  };
}

const waiting = new WeakMap<AbortSignal, Waiters>();

function join(signal: AbortSignal, reject: Reject): void {
  const waiters = waiting.get(signal) ?? new Waiters(signal);
  waiting.set(signal, waiters);
  waiters.rejects.add(reject);
  try {
    signal.addEventListener('abort', waiters.rejectAll); // no second one if it is there already
  } catch (cause) {
    throw new TypeError(`signal cannot be listened to: ${messageOf(cause)}`, { cause });
  }
}

function leave(signal: AbortSignal, reject: Reject): void {
  const waiters = waiting.get(signal);
  waiters?.rejects.delete(reject);
  if (waiters?.rejects.size === 0) signal.removeEventListener('abort', waiters.rejectAll);
}

/** Settles as `promise` does, or rejects with the reason of the first signal that aborts. */
export async function orAborted<T>(promise: Promise<T>, signals: Signals): Promise<T> {
  let leaveAll = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    throwIfAborted(signals);
    for (const signal of signals) if (signal) join(signal, reject);
    leaveAll = () => signals.forEach((signal) => signal && leave(signal, reject));
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    leaveAll();
  }
}

/** Lets timers, input and signals have their turn before a long synchronous piece of work. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') {
      setImmediate(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel(); // unlike setTimeout it is not throttled to 4 ms
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
