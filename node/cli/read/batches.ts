// A stream of texts -> batches. A batch goes out when it is full, and also when nothing more has come for a moment:
// who types a line, or follows a growing log, gets his answer at once.
import type { TextRecord } from './texts.js';

const patience = 20; // milliseconds
const maxCharacters = 2 ** 20; // a batch of huge texts is a small batch

async function isReady(next: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), patience);
  });
  try {
    return await Promise.race([
      next.then(
        () => true,
        () => true,
      ),
      late,
    ]);
  } finally {
    clearTimeout(timer);
  }
}

/** If reading fails, what was read before comes out first, and then the error. */
export async function* batchesOf(texts: AsyncGenerator<TextRecord>, size: number): AsyncGenerator<TextRecord[]> {
  let batch: TextRecord[] = [];
  let characters = 0;
  const isFull = () => batch.length === size || characters >= maxCharacters;
  try {
    for (;;) {
      const next = texts.next();
      next.catch(() => undefined); // told below, after the batch that came before it
      if (batch.length > 0 && (isFull() || !(await isReady(next)))) {
        yield batch;
        batch = [];
        characters = 0;
      }
      const result = await next;
      if (result.done === true) break;
      const { value } = result;
      batch.push(value);
      characters += value.text.length + (value.text_pair?.length ?? 0);
    }
  } catch (error) {
    if (batch.length > 0) yield batch;
    throw error;
  }
  if (batch.length > 0) yield batch;
}
