// latformer embed: texts in, their vectors out as JSON lines, in the same order and in constant memory.
import type { EmbeddingOptions, Stats } from '../../index.js';
import { answerAll, answerOptions, parseLongText, parsePace } from '../answer.js';
import { choiceOption, parseOptions } from '../command.js';
import type { Command } from '../command.js';
import { misuse } from '../failure.js';
import { loadModel, parseRunOptions, runHelp, runOptions } from '../model/load.js';
import { openSource, parseSource, sourceHelp, sourceOptions } from '../read/source.js';
import { checkSpeed, parseSpeed, speedOptions } from '../speed.js';

const help = `Usage: latformer embed --model DIR [options] [FILE... | - | --text TEXT...]

Gives the vectors of texts from files, from standard input, or of --text: {"text": ..., "embedding": [...]} a line.

  --text TEXT          a text; may be given several times
  --model DIR          a folder of sentence-transformers or of an encoder, a URL or name
  --pooling P          mean, cls, or none: a vector for each token; by default what the folder says
  --normalize          to length 1; by default what the folder says
  --no-normalize       as they are
  --prompt NAME        one of the model's prompts to put before each text; by default what the folder says
  --no-prompt          none
  --speedup K          how much less work, from 1 (default) to what the model was made for
  --latency-budget MS  instead: milliseconds for each text; short ones run in full, long ones give up more
${runHelp}
  --workers N          in N workers, each with the model in memory of its own, as WebAssembly; by default one
  --stats              adds tokens, word-vectors per layer, achieved speedup, milliseconds
  --long-text MODE     text longer than the model reads: truncate (default) or windows, whose mean is taken

Input
  --input-format F     text, csv, tsv or jsonl; by default from the file's extension, else text
  --column NAME        the column or field that is read; default: text, else sentence, else the only one

${sourceHelp}

Output
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
  pooling: { type: 'string' },
  normalize: { type: 'boolean' },
  'no-normalize': { type: 'boolean' },
  prompt: { type: 'string' },
  'no-prompt': { type: 'boolean' },
} as const;

function parse(args: string[]) {
  const { values, positionals } = parseOptions(args, options);
  if (values.model === undefined) throw misuse('--model is needed: no model of embeddings comes along');
  if (values.normalize && values['no-normalize']) throw misuse('--normalize and --no-normalize exclude each other');
  if (values.prompt !== undefined && values['no-prompt']) throw misuse('--prompt and --no-prompt exclude each other');
  const speed = parseSpeed(values);
  const call: EmbeddingOptions = {
    ...speed,
    stats: values.stats,
    long_text: parseLongText(values),
  };
  if (values.pooling !== undefined) call.pooling = choiceOption('pooling', values.pooling, ['mean', 'cls', 'none']);
  if (values.normalize || values['no-normalize']) call.normalize = values.normalize === true;
  if (values['no-prompt']) call.prompt_name = null;
  if (values.prompt !== undefined) call.prompt_name = values.prompt;
  return {
    source: parseSource(values, positionals),
    model: values.model,
    run: parseRunOptions(values),
    pace: parsePace(values),
    speed,
    call,
  };
}

export const embed: Command = {
  summary: 'give the vectors of texts from files or standard input',
  help,

  async run(args, signal) {
    const { model, run, pace, speed, call, ...asked } = parse(args);
    const source = await openSource(asked.source);
    const embedder = await loadModel('feature-extraction', model, {
      ...run,
      signal,
      worker: true,
      workers: pace.workers,
    });
    checkSpeed(speed, embedder.maxSpeedup);
    const prompts = Object.keys(embedder.info.prompts);
    if (call.prompt_name != null && !prompts.includes(call.prompt_name)) {
      throw misuse(
        `--prompt must be ${prompts.join(' or ') || 'left out: the model has none'}, not '${call.prompt_name}'`,
      );
    }
    const isPooled = (call.pooling ?? embedder.info.pooling) !== 'none';
    const isInFull = 'speedup' in speed && speed.speedup === 1 && call.long_text === 'truncate';
    if (!isPooled && !isInFull) {
      throw misuse('a vector for each token is there at speedup 1 and of one window only; choose a --pooling');
    }
    await answerAll<{ embedding: unknown; stats: Stats | undefined }>(source, {
      workers: pace.workers,
      batch: isPooled ? pace.batch : 1, // texts side by side would have zeros behind the shorter ones
      signal,
      line: ({ text }, answer) => `${JSON.stringify({ text, ...answer })}\n`,
      answer: async (batch) => {
        const result = await embedder(
          batch.map(({ text }) => text),
          { ...call, signal },
        );
        return result.tolist().map((embedding, index) => ({ embedding, stats: result.stats?.[index] }));
      },
    });
    await embedder.dispose();
  },
};
