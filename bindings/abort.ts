// Waiting that an AbortSignal can end.

type Signals = readonly (AbortSignal | undefined)[];

export function throwIfAborted(signals: Signals): void {
  for (const signal of signals) {
    if (signal?.aborted === true) throw signal.reason;
  }
}

/** Settles as `promise` does, or rejects with the reason of the first signal that aborts. */
export async function orAborted<T>(promise: Promise<T>, signals: Signals): Promise<T> {
  let stopListening = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    const onAbort = (): void => {
      const signal = signals.find((each) => each?.aborted === true);
      if (signal) reject(signal.reason as Error);
    };
    for (const signal of signals) signal?.addEventListener('abort', onAbort);
    stopListening = () => signals.forEach((signal) => signal?.removeEventListener('abort', onAbort));
    onAbort();
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    stopListening();
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
