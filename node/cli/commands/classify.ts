// latformer classify: texts in, labels and scores out, in the same order and in constant memory.
import { mapInOrder } from '../../../bindings/tasks/in_order.js';
import type { LabelScore, LabelScoreWithStats } from '../../index.js';
import { batchesOf } from '../read/batches.js';
import {
  checkSpeedup,
  choiceOption,
  numberOption,
  parseOptions,
  positiveOption,
  wholeNumberOption,
} from '../command.js';
import type { Command } from '../command.js';
import { misuse } from '../failure.js';
import { loadModel, parseRunOptions, runHelp, runOptions } from '../model/load.js';
import { print } from '../write/output.js';
import { Progress, hideProgress } from '../write/progress.js';
import { totalSize } from '../read/lines.js';
import { inputFormats, readTexts } from '../read/texts.js';
import type { TextRecord } from '../read/texts.js';
import { jsonWriter, outputFormats, tableWriter } from '../write/results.js';
import type { Answer } from '../write/results.js';

const help = `Usage: latformer classify [options] [FILE... | - | --text TEXT...]

Classifies texts from files, from standard input, or of --text.

  --text TEXT          a text to classify; may be given several times
  --speedup K          how much less work, from 1 (default) to what the model was made for
  --latency-budget MS  instead: milliseconds for each text; short ones run in full, long ones give up more.
                       The first time, the model is timed on this machine for about a quarter of a second
  --model DIR          a Hugging Face folder, URL or name; by default the bundled sentiment model
${runHelp}
  --workers N          in N workers, each with the model in memory of its own; by default one
  --top-k N            the N best labels instead of the best; 0 for all
  --stats              adds tokens, word-vectors per layer, achieved speedup, milliseconds
  --long-text MODE     text longer than the model reads: truncate (default) or windows

Input
  --input-format F     text, csv, tsv or jsonl; by default from the file's extension, else text
  --column NAME        the column or field to classify; default: text, else sentence, else the only one
  --pair-column NAME   the second text of a pair; default: text_pair, if --column is not given

  text   one text a line; an empty line is an empty text
  csv    RFC 4180 with a header        tsv    parted by tabs, with a header, no quoting
  jsonl  an object or a string a line, or an array of these

Output
  --format F           table (default on a terminal) or jsonl (default elsewhere)
  --batch N            at most N texts at a time, default 32

  -h, --help           this text

Exit codes: 0 done, 1 bad input, 2 misuse.
`;

const options = {
  ...runOptions,
  speedup: { type: 'string' },
  'latency-budget': { type: 'string' },
  model: { type: 'string' },
  workers: { type: 'string', default: '1' },
  text: { type: 'string', multiple: true },
  'top-k': { type: 'string' },
  stats: { type: 'boolean', default: false },
  'long-text': { type: 'string', default: 'truncate' },
  'input-format': { type: 'string' },
  column: { type: 'string' },
  'pair-column': { type: 'string' },
  format: { type: 'string' },
  batch: { type: 'string', default: '32' },
} as const;

function parse(args: string[]) {
  const { values, positionals } = parseOptions(args, options);
  const given = values['input-format'];
  const budget = values['latency-budget'];
  if (budget !== undefined && values.speedup !== undefined) {
    throw misuse('--speedup and --latency-budget exclude each other');
  }
  if (values.text !== undefined && positionals.length > 0) throw misuse('--text and files exclude each other');
  return {
    files: positionals.length > 0 ? positionals : ['-'],
    given: values.text,
    model: values.model,
    run: parseRunOptions(values),
    workers: wholeNumberOption('workers', values.workers, 1),
    speedup: numberOption('speedup', values.speedup ?? '1', 1),
    budget: budget === undefined ? undefined : positiveOption('latency-budget', budget),
    top_k: values['top-k'] === undefined ? 1 : wholeNumberOption('top-k', values['top-k'], 0) || Infinity,
    withLabels: values['top-k'] !== undefined,
    stats: values.stats,
    long_text: choiceOption('long-text', values['long-text'], ['truncate', 'windows']),
    inputFormat: given === undefined ? undefined : choiceOption('input-format', given, inputFormats),
    columns: { text: values.column, pair: values['pair-column'] },
    format: choiceOption('format', values.format ?? (process.stdout.isTTY ? 'table' : 'jsonl'), outputFormats),
    batch: wholeNumberOption('batch', values.batch, 1),
  };
}

async function* givenTexts(texts: readonly string[]): AsyncGenerator<TextRecord> {
  for (const [index, text] of texts.entries()) yield { text, place: `--text ${index + 1}` };
}

export const classify: Command = {
  summary: 'classify texts from files or standard input',
  help,

  async run(args, signal) {
    const { given, ...asked } = parse(args);
    const files = given === undefined ? asked.files : [];
    const size = await totalSize(files);
    const { workers } = asked;
    const choice = { ...asked.run, signal, worker: true, workers };
    const classifier = await loadModel('text-classification', asked.model, choice);
    checkSpeedup('speedup', asked.speedup, classifier.maxSpeedup);

    const { long_text, stats } = asked;
    const speed = asked.budget === undefined ? { speedup: asked.speedup } : { latency_budget: asked.budget };
    const top_k = asked.top_k === Infinity ? null : asked.top_k;
    const writer =
      asked.format === 'jsonl'
        ? jsonWriter(asked.withLabels)
        : tableWriter(classifier.info, asked.top_k, stats, process.stdout.isTTY ? process.stdout.columns : undefined);

    if (files.includes('-') && process.stdin.isTTY) {
      process.stderr.write('Type or paste texts, one a line; Ctrl-D ends.\n');
    }
    const progress = new Progress();
    let bytes = 0;
    let count = 0;
    const texts =
      given === undefined
        ? readTexts(files, {
            format: asked.inputFormat,
            columns: asked.columns,
            onBytes: (read) => (bytes += read),
          })
        : givenTexts(given);
    const classifyBatch = async (batch: TextRecord[]): Promise<[TextRecord[], Answer[]]> => {
      const inputs = batch.map(({ text, text_pair }) => ({ text, text_pair }));
      const results: (LabelScore | LabelScoreWithStats)[] | (LabelScore | LabelScoreWithStats)[][] = await classifier(
        inputs,
        { ...speed, long_text, stats, top_k, signal },
      );
      return [batch, results.map((result): Answer => (Array.isArray(result) ? result : [result]))];
    };
    const atATime = workers === 1 ? 1 : 2 * workers; // each has its next one waiting
    for await (const [batch, answers] of mapInOrder(batchesOf(texts, asked.batch), atATime, classifyBatch)) {
      if (process.stdout.isTTY) hideProgress(); // both write to the same screen
      const lines = batch.map((text, index) => writer.line(text, answers[index] ?? []));
      await print((count === 0 ? writer.header() : '') + lines.join(''), signal);
      count += batch.length;
      progress.update(count, size === undefined ? undefined : bytes / size);
    }
    hideProgress();
    await classifier.dispose();
  },
};
