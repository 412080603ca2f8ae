// Standard output: whole lines only, as fast as the reader takes them.

/** Resolves when there is room for more, so that a slow reader slows us down instead of filling memory. */
export function print(text: string, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve();
  return new Promise((resolve) => {
    if (process.stdout.write(text)) resolve();
    else process.stdout.once('drain', resolve);
  });
}

/** Resolves when all that was printed has left the process. */
export const flushed = (): Promise<void> => new Promise((resolve) => process.stdout.write('', () => resolve()));
