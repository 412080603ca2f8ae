// latformer sweep: what each speedup costs in accuracy and gives in time, on labelled texts.
//
// Every text runs at every speedup before the next text does, in an order that changes from text to text, so that a
// busy machine disturbs all speedups alike. A time is that of the whole call, tokenizer included.
import { lstat, open, rm, writeFile } from 'node:fs/promises';
import type { ModelInfo, TextClassificationPipeline } from '../../index.js';
import { checkSpeedup, choiceOption, numberOption, parseOptions, wholeNumberOption } from '../command.js';
import type { Command } from '../command.js';
import { alignedTable, printable, shortNumber } from '../write/display.js';
import { badInput, fileFailure, misuse } from '../failure.js';
import { loadModel, parseRunOptions, runHelp, runOptions } from '../model/load.js';
import { print } from '../write/output.js';
import { Progress, hideProgress } from '../write/progress.js';
import { randomNumbers, shuffled } from '../random.js';
import { nameOf, totalSize } from '../read/lines.js';
import { inputFormats, readTexts } from '../read/texts.js';
import type { ReadOptions, TextRecord } from '../read/texts.js';

const help = `Usage: latformer sweep [options] FILE...

Measures accuracy, multiply-accumulates (MACs) and time over speedups, on labelled texts. Each FILE gives a table.

  --speedups LIST      default 1,2,3,4.8, as far as the model goes; 1 is always measured, the others are compared to it
  --calibrate          speedups of time, as this machine was measured, instead of multiply-accumulates
  --limit N            at most N texts of each file, drawn by chance
  --seed N             for the draw and the order of measurement, default 1
  --csv OUT            also writes the tables to a CSV file
  --model DIR          a Hugging Face folder or URL; by default the bundled sentiment model
${runHelp}
  --long-text MODE     text longer than the model reads: truncate (default) or windows

  --input-format F     csv, tsv or jsonl; by default from the file's extension
  --column NAME        the text; default: text, else sentence
  --pair-column NAME   the second text of a pair; default: text_pair, if --column is not given
  --label-column NAME  the label, by its name or its number in the model; default: label

  -h, --help           this text

Columns: accuracy; mean MACs of a text, and how many times less than at speedup 1; median and mean milliseconds of a
text, one at a time, and how many times less than at speedup 1 (means). Exit codes: 0 done, 1 bad input, 2 misuse.
`;

const options = {
  ...runOptions,
  speedups: { type: 'string' },
  calibrate: { type: 'boolean', default: false },
  limit: { type: 'string' },
  seed: { type: 'string', default: '1' },
  csv: { type: 'string' },
  model: { type: 'string' },
  'long-text': { type: 'string', default: 'truncate' },
  'input-format': { type: 'string' },
  column: { type: 'string' },
  'pair-column': { type: 'string' },
  'label-column': { type: 'string', default: 'label' },
} as const;

const defaultSpeedups = [1, 2, 3, 4.8];
const warmUpTexts = 3; // not counted: the first runs of WebAssembly are slower

function parse(args: string[]) {
  const { values, positionals: files } = parseOptions(args, options);
  if (files.length === 0) throw misuse('a FILE with labelled texts is needed');
  const format = values['input-format'];
  return {
    files,
    model: values.model,
    run: parseRunOptions(values),
    calibrate: values.calibrate,
    speedups: values.speedups?.split(',').map((speedup) => numberOption('speedups', speedup, 1)),
    limit: values.limit === undefined ? Infinity : wholeNumberOption('limit', values.limit, 1),
    seed: wholeNumberOption('seed', values.seed, 0),
    csv: values.csv,
    long_text: choiceOption('long-text', values['long-text'], ['truncate', 'windows']),
    read: {
      format: format === undefined ? undefined : choiceOption('input-format', format, inputFormats),
      columns: { text: values.column, pair: values['pair-column'], label: values['label-column'] },
    } satisfies ReadOptions,
  };
}

/** The speedups to measure, 1 first. */
function speedupsFor(asked: readonly number[] | undefined, maxSpeedup: number): number[] {
  const speedups = asked ?? defaultSpeedups.filter((speedup) => speedup <= maxSpeedup);
  for (const speedup of speedups) checkSpeedup('speedups', speedup, maxSpeedup);
  return [...new Set([1, ...speedups])].sort((a, b) => a - b);
}

/** What a label column may hold -> the model's name of the label. */
function labelReader(info: ModelInfo): (record: TextRecord) => string {
  const byName = new Map<string, string>();
  info.labels.forEach((label, id) => byName.set(String(id), label));
  for (const label of info.labels) byName.set(label.toLowerCase(), label);
  for (const label of info.labels) byName.set(label, label); // an exact match wins
  return ({ label = '', place }) => {
    const found = byName.get(label) ?? byName.get(label.trim().toLowerCase());
    if (found !== undefined) return found;
    const known = info.labels.map((name, id) => `${id} '${name}'`).join(', ');
    throw badInput(`${place}: the model has no label '${label}'; it has ${known}`);
  };
}

interface Example {
  input: { text: string; text_pair: string | undefined };
  label: string;
}

/** The labelled texts of a file in their order; where there are more than `limit`, a fair draw of that many. */
async function readExamples(
  file: string,
  read: ReadOptions,
  labelOf: (record: TextRecord) => string,
  limit: number,
  random: () => number,
): Promise<Example[]> {
  const drawn: { example: Example; at: number }[] = [];
  let count = 0;
  for await (const record of readTexts([file], read)) {
    const example = { input: { text: record.text, text_pair: record.text_pair }, label: labelOf(record) };
    const place = count < limit ? count : Math.floor(random() * (count + 1)); // reservoir sampling
    if (place < limit) drawn[place] = { example, at: count };
    ++count;
  }
  if (count === 0) throw badInput(`${nameOf(file)}: there are no texts in it`);
  return drawn.sort((a, b) => a.at - b.at).map(({ example }) => example);
}

/** What was measured at one speedup. */
interface Measurement {
  speedup: number;
  correct: number;
  macs: number;
  milliseconds: number[];
}

async function measure(
  classify: TextClassificationPipeline,
  examples: readonly Example[],
  speedups: readonly number[],
  long_text: 'truncate' | 'windows',
  random: () => number,
  onText: (done: number) => void,
  signal: AbortSignal,
): Promise<Measurement[]> {
  const run = (example: Example, speedup: number) =>
    classify(example.input, { speedup, long_text, stats: true, signal });
  for (const example of examples.slice(0, warmUpTexts)) for (const speedup of speedups) await run(example, speedup);

  const measurements = speedups.map((speedup): Measurement => ({ speedup, correct: 0, macs: 0, milliseconds: [] }));
  for (const [index, example] of examples.entries()) {
    for (const measurement of shuffled(measurements, random)) {
      const start = performance.now();
      const [answer] = await run(example, measurement.speedup);
      measurement.milliseconds.push(performance.now() - start);
      measurement.macs += answer?.stats.macs ?? 0;
      if (answer?.label === example.label) ++measurement.correct;
    }
    onText(index + 1);
    await new Promise(setImmediate); // for signals: nothing else here waits for the event loop
  }
  return measurements;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

interface SweepRow {
  file: string;
  texts: number;
  speedup: number;
  accuracy: number;
  mean_macs: number;
  mac_speedup: number;
  median_ms: number;
  mean_ms: number;
  time_speedup: number;
}

function rowsOf(file: string, measurements: readonly Measurement[]): SweepRow[] {
  const plain = measurements[0];
  return measurements.map(({ speedup, correct, macs, milliseconds }) => {
    const texts = milliseconds.length;
    return {
      file: nameOf(file),
      texts,
      speedup,
      accuracy: correct / texts,
      mean_macs: macs / texts,
      mac_speedup: (plain?.macs ?? 0) / macs,
      median_ms: median(milliseconds),
      mean_ms: sum(milliseconds) / texts,
      time_speedup: sum(plain?.milliseconds ?? []) / sum(milliseconds),
    };
  });
}

const tableOf = (rows: readonly SweepRow[]): string =>
  alignedTable([
    ['speedup', 'accuracy', 'MACs', 'fewer MACs', 'median ms', 'mean ms', 'less time'],
    ...rows.map((row) => [
      String(row.speedup),
      `${(100 * row.accuracy).toFixed(1)} %`,
      shortNumber(row.mean_macs),
      `${row.mac_speedup.toFixed(2)}x`,
      row.median_ms.toFixed(1),
      row.mean_ms.toFixed(1),
      `${row.time_speedup.toFixed(2)}x`,
    ]),
  ]);

function csvOf(rows: readonly SweepRow[]): string {
  const cell = (value: string | number): string =>
    typeof value === 'number' ? String(value) : /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  const [first] = rows;
  const lines = [Object.keys(first ?? {}), ...rows.map((row) => Object.values(row) as (string | number)[])];
  return lines.map((line) => `${line.map(cell).join(',')}\n`).join('');
}

/** Opens the file as writing it will, because only that tells; a sweep that fails later leaves no empty one behind. */
async function checkWritable(path: string): Promise<void> {
  const before = await lstat(path).catch(() => undefined);
  if (before?.isFIFO() === true) return; // its reader would take the close for the end
  try {
    await (await open(path, 'a')).close();
    if (before === undefined) await rm(path);
  } catch (error) {
    throw fileFailure(`cannot write ${path}`, error);
  }
}

export const sweep: Command = {
  summary: 'measure accuracy, MACs and time over speedups on labelled texts',
  help,

  async run(args, signal) {
    const { files, limit, seed, csv, ...asked } = parse(args);
    await totalSize(files);
    if (csv !== undefined) await checkWritable(csv);
    const classify = await loadModel('text-classification', asked.model, { ...asked.run, signal, worker: false });
    if (classify.info.problem_type === 'regression') {
      throw badInput('accuracy needs a model with labels, and this one predicts a number (regression)');
    }
    if (asked.calibrate) await classify.calibrate();
    const speedups = speedupsFor(asked.speedups, classify.maxSpeedup);
    const labelOf = labelReader(classify.info);

    const all: SweepRow[] = [];
    for (const file of files) {
      const random = randomNumbers(seed);
      const examples = await readExamples(file, asked.read, labelOf, limit, random);
      const progress = new Progress();
      const onText = (done: number) => progress.update(done, done / examples.length);
      const rows = rowsOf(file, await measure(classify, examples, speedups, asked.long_text, random, onText, signal));
      hideProgress();
      const heading = `${printable(nameOf(file))}: ${examples.length} texts\n`;
      await print(`${all.length > 0 ? '\n' : ''}${heading}${tableOf(rows)}`, signal);
      all.push(...rows);
    }
    await classify.dispose();
    if (csv === undefined || signal.aborted) return;
    try {
      await writeFile(csv, csvOf(all));
    } catch (error) {
      throw fileFailure(`cannot write ${csv}`, error);
    }
  },
};
