// A stream of values -> a stream of what is made of each, in the same order, with only so many of them at work.

type Source<T> = AsyncIterable<T> | Iterable<T>;

/** One that is at work, and whether it is done. */
interface Started<T> {
  result: Promise<T>;
  done: Promise<unknown>;
  isDone: boolean;
}

function start<T>(result: Promise<T>): Started<T> {
  const started: Started<T> = { result, done: result, isDone: false };
  const end = (): void => void (started.isDone = true);
  started.done = result.then(end, end);
  return started;
}

/**
 * Reads ahead by at most `limit`, and gives what is done while the next value is still awaited. If reading fails, what was
 * read before comes out first, and then the error. Whoever leaves early closes the source.
 */
export async function* mapInOrder<T, R>(
  source: Source<T>,
  limit: number,
  map: (value: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const working: Started<R>[] = [];
  let reading: Started<IteratorResult<T>> | undefined;
  let isOver = false; // nothing more is to be read
  let failure: { error: unknown } | undefined;
  try {
    for (;;) {
      if (reading?.isDone === true) {
        try {
          const next = await reading.result;
          if (next.done === true) isOver = true;
          else working.push(start(map(next.value)));
        } catch (error) {
          isOver = true;
          failure = { error };
        }
        reading = undefined;
      }
      if (!isOver && working.length < limit) reading ??= start(Promise.resolve(iterator.next()));
      const [first] = working;
      if (first?.isDone === true) {
        working.shift();
        yield await first.result;
      } else if (first !== undefined || reading !== undefined) {
        await Promise.race([first?.done, reading?.done].filter((each) => each !== undefined));
      } else {
        break;
      }
    }
    if (failure !== undefined) throw failure.error;
  } finally {
    const closing = isOver ? undefined : iterator.return?.();
    if (reading === undefined) await closing;
    else Promise.resolve(closing).catch(() => undefined); // a source that is being read closes when it has more to give
  }
}
