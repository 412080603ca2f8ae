// Texts in, lines out, in the same order and in constant memory: what classify and embed have in common.
import { mapInOrder } from '../../bindings/tasks/in_order.js';
import { choiceOption, wholeNumberOption } from './command.js';
import { batchesOf } from './read/batches.js';
import type { Source } from './read/source.js';
import type { TextRecord } from './read/texts.js';
import { print } from './write/output.js';
import { Progress, hideProgress } from './write/progress.js';

export const answerOptions = {
  workers: { type: 'string', default: '1' },
  batch: { type: 'string', default: '32' },
  stats: { type: 'boolean', default: false },
  'long-text': { type: 'string', default: 'truncate' },
} as const;

/** How many texts are answered at a time, and by how many workers. */
export interface Pace {
  batch: number;
  workers: number;
}

export const parsePace = ({ batch, workers }: { batch: string; workers: string }): Pace => ({
  batch: wholeNumberOption('batch', batch, 1),
  workers: wholeNumberOption('workers', workers, 1),
});

export const parseLongText = (values: { 'long-text': string }): 'truncate' | 'windows' =>
  choiceOption('long-text', values['long-text'], ['truncate', 'windows']);

export interface Answering<Answer> extends Pace {
  signal: AbortSignal;
  /** Of the texts of a batch, one answer each. */
  answer: (texts: TextRecord[]) => Promise<readonly Answer[]>;
  header?: string;
  line: (text: TextRecord, answer: Answer) => string;
}

export async function answerAll<Answer>(source: Source, asked: Answering<Answer>): Promise<void> {
  const { batch, workers, signal, answer, header = '', line } = asked;
  const progress = new Progress();
  let count = 0;
  const atATime = workers === 1 ? 1 : 2 * workers; // each has its next one waiting
  const answered = mapInOrder(batchesOf(source.texts, batch), atATime, async (texts) => ({
    texts,
    answers: await answer(texts),
  }));
  for await (const { texts, answers } of answered) {
    if (process.stdout.isTTY) hideProgress(); // both write to the same screen
    const lines = texts.map((text, index) => line(text, answers[index] as Answer));
    await print((count === 0 ? header : '') + lines.join(''), signal);
    count += texts.length;
    progress.update(count, source.share());
  }
  hideProgress();
}
