// latformer rank: a query and documents in, the documents out by how well each answers the query, best first.
import { parseOptions, choiceOption, wholeNumberOption } from '../command.js';
import type { Command } from '../command.js';
import { misuse } from '../failure.js';
import { loadModel, parseRunOptions, runHelp, runOptions } from '../model/load.js';
import { openSource, parseSource, sourceHelp, sourceOptions } from '../read/source.js';
import { checkSpeed, parseSpeed, speedOptions } from '../speed.js';
import { alignedTable, clip, printable } from '../write/display.js';
import { print } from '../write/output.js';
import { hideProgress } from '../write/progress.js';
import { outputFormats } from '../write/results.js';

const help = `Usage: latformer rank --model DIR --query TEXT [options] [FILE... | - | --text TEXT...]

Ranks documents, texts of files, of standard input or of --text, by how well each answers a query.

  --query TEXT         what is asked
  --text TEXT          a document; may be given several times
  --model DIR          a folder of a cross-encoder, a URL or name
  --top-k N            the N best ones; by default all
  --speedup K          how much less work, from 1 (default) to what the model was made for
  --latency-budget MS  instead: milliseconds for the query and all documents together
${runHelp}
  --stats              adds tokens, word-vectors per layer, achieved speedup, milliseconds (to jsonl)

Input
  --input-format F     text, csv, tsv or jsonl; by default from the file's extension, else text
  --column NAME        the column or field that is read; default: text, else sentence, else the only one

${sourceHelp}

Output
  --format F           table (default on a terminal) or jsonl (default elsewhere):
                       {"corpus_id": number of the document, from 0, "score": ..., "text": ...} a line

  -h, --help           this text

Exit codes: 0 done, 1 bad input, 2 misuse.
`;

const options = {
  ...runOptions,
  ...sourceOptions,
  ...speedOptions,
  query: { type: 'string' },
  model: { type: 'string' },
  'top-k': { type: 'string' },
  stats: { type: 'boolean', default: false },
  format: { type: 'string' },
} as const;

function parse(args: string[]) {
  const { values, positionals } = parseOptions(args, options);
  if (values.model === undefined) throw misuse('--model is needed: no model that ranks comes along');
  if (values.query === undefined) throw misuse('--query is needed');
  return {
    source: parseSource(values, positionals),
    query: values.query,
    model: values.model,
    run: parseRunOptions(values),
    speed: parseSpeed(values),
    top_k: values['top-k'] === undefined ? null : wholeNumberOption('top-k', values['top-k'], 1),
    stats: values.stats,
    format: choiceOption('format', values.format ?? (process.stdout.isTTY ? 'table' : 'jsonl'), outputFormats),
  };
}

export const rank: Command = {
  summary: 'rank documents by how well each answers a query',
  help,

  async run(args, signal) {
    const { query, model, run, speed, top_k, stats, format, ...asked } = parse(args);
    const source = await openSource(asked.source);
    const ranker = await loadModel('text-ranking', model, { ...run, signal, worker: true });
    checkSpeed(speed, ranker.maxSpeedup);
    const documents: string[] = [];
    for await (const { text } of source.texts) documents.push(text);
    const ranked = await ranker(query, documents, { ...speed, top_k, stats, return_documents: true, signal });
    hideProgress();
    if (format === 'jsonl') {
      await print(ranked.map((each) => `${JSON.stringify(each)}\n`).join(''), signal);
    } else {
      const rows = ranked.map(({ corpus_id, score, text }) => [score.toFixed(4), String(corpus_id), text] as const);
      const room = process.stdout.isTTY ? Math.max(process.stdout.columns - 20, 10) : undefined;
      const cut = (text: string) => (room === undefined ? printable(text) : clip(text, room));
      const lines = alignedTable([['SCORE', 'DOCUMENT'], ...rows.map(([score, id]) => [score, id])])
        .trimEnd()
        .split('\n');
      const table = lines.map((line, index) => `${line}  ${index === 0 ? 'TEXT' : cut(rows[index - 1]?.[2] ?? '')}\n`);
      await print(table.join(''), signal);
    }
    await ranker.dispose();
  },
};
