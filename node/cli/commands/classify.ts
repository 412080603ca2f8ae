// latformer classify: texts in, labels and scores out, in the same order and in constant memory.
import type { LabelScore, LabelScoreWithStats } from '../../index.js';
import { answerAll, answerOptions, parseLongText, parsePace } from '../answer.js';
import { choiceOption, parseOptions, wholeNumberOption } from '../command.js';
import type { Command } from '../command.js';
import { loadModel, parseRunOptions, runHelp, runOptions } from '../model/load.js';
import { openSource, parseSource, sourceHelp, sourceOptions } from '../read/source.js';
import { checkSpeed, parseSpeed, speedOptions } from '../speed.js';
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
  --workers N          in N workers, each with the model in memory of its own, as WebAssembly; by default one
  --top-k N            the N best labels instead of the best; 0 for all
  --stats              adds tokens, word-vectors per layer, achieved speedup, milliseconds
  --long-text MODE     text longer than the model reads: truncate (default) or windows

Input
  --input-format F     text, csv, tsv or jsonl; by default from the file's extension, else text
  --column NAME        the column or field to classify; default: text, else sentence, else the only one
  --pair-column NAME   the second text of a pair; default: text_pair, if --column is not given

${sourceHelp}

Output
  --format F           table (default on a terminal) or jsonl (default elsewhere)
  --batch N            at most N texts at a time, default 32

  -h, --help           this text

Exit codes: 0 done, 1 bad input, 2 misuse.
`;

const options = {
  ...answerOptions,
  ...runOptions,
  ...sourceOptions,
  ...speedOptions,
  model: { type: 'string' },
  'pair-column': { type: 'string' },
  'top-k': { type: 'string' },
  format: { type: 'string' },
} as const;

function parse(args: string[]) {
  const { values, positionals } = parseOptions(args, options);
  return {
    source: parseSource(values, positionals),
    model: values.model,
    run: parseRunOptions(values),
    pace: parsePace(values),
    speed: parseSpeed(values),
    top_k: values['top-k'] === undefined ? 1 : wholeNumberOption('top-k', values['top-k'], 0) || Infinity,
    withLabels: values['top-k'] !== undefined,
    stats: values.stats,
    long_text: parseLongText(values),
    format: choiceOption('format', values.format ?? (process.stdout.isTTY ? 'table' : 'jsonl'), outputFormats),
  };
}

export const classify: Command = {
  summary: 'classify texts from files or standard input',
  help,

  async run(args, signal) {
    const asked = parse(args);
    const source = await openSource(asked.source);
    const { pace, speed, long_text, stats } = asked;
    const classifier = await loadModel('text-classification', asked.model, {
      ...asked.run,
      signal,
      worker: true,
      workers: pace.workers,
    });
    checkSpeed(speed, classifier.maxSpeedup);

    const top_k = asked.top_k === Infinity ? null : asked.top_k;
    const writer =
      asked.format === 'jsonl'
        ? jsonWriter(asked.withLabels)
        : tableWriter(classifier.info, asked.top_k, stats, process.stdout.isTTY ? process.stdout.columns : undefined);
    await answerAll<Answer>(source, {
      ...pace,
      signal,
      header: writer.header(),
      line: writer.line,
      answer: async (batch) => {
        const inputs = batch.map(({ text, text_pair }) => ({ text, text_pair }));
        const results: (LabelScore | LabelScoreWithStats)[] | (LabelScore | LabelScoreWithStats)[][] = await classifier(
          inputs,
          { ...speed, long_text, stats, top_k, signal },
        );
        return results.map((result): Answer => (Array.isArray(result) ? result : [result]));
      },
    });
    await classifier.dispose();
  },
};
