// latformer generate: a prompt in, text out as it comes.
import { longestText } from '../../../bindings/arguments/values.js';
import type { GenerationInput } from '../../index.js';
import {
  checkSpeedup,
  choiceOption,
  numberOption,
  parseOptions,
  positiveOption,
  wholeNumberOption,
} from '../command.js';
import type { Command } from '../command.js';
import { badInput, misuse } from '../failure.js';
import { loadModel, parseRunOptions, runHelp, runOptions } from '../model/load.js';
import { print } from '../write/output.js';
import { hideProgress } from '../write/progress.js';
import { decodedParts } from '../read/lines.js';

const help = `Usage: latformer generate --model DIR [options] [PROMPT | -]

Goes on from a prompt, or from what standard input has, and shows the text as it comes.

  --model DIR             a Hugging Face folder, URL or name of a decoder, such as GPT-2 or Llama
${runHelp}
  --speedup K             how much less work reading the prompt is, from 1 (default) to what the model was made for
  --latency-budget MS     instead: milliseconds to the first token
  --prompt-mode M         how a prompt is made shorter: layers, sentences or cut; by default as the model's profile says
  --max-new-tokens N      at most N tokens, default 256
  --chat                  the prompt is a message to an assistant; --system TEXT says before it how to answer
  --stop TEXT             end before this text; may be given several times
  --stats                 to standard error: tokens, milliseconds to the first, tokens a second, memory

Drawing by chance
  --sample                draw each token; else the likeliest is taken
  --temperature T         above 0, default 1       --top-k N      among the N likeliest, default 50; 0 for all
  --top-p P               above 0 to 1, default 1  --min-p P      0 to 1, default 0
  --repetition-penalty R  above 0, default 1       --seed N       the same seed draws the same text
  --beams N               search with N beams instead

  --format F              text (default) or json: one object, in the end
  -h, --help              this text

Exit codes: 0 done, 1 bad input, 2 misuse.
`;

const options = {
  ...runOptions,
  model: { type: 'string' },
  speedup: { type: 'string' },
  'latency-budget': { type: 'string' },
  'prompt-mode': { type: 'string' },
  'max-new-tokens': { type: 'string' },
  chat: { type: 'boolean', default: false },
  system: { type: 'string' },
  stop: { type: 'string', multiple: true },
  stats: { type: 'boolean', default: false },
  sample: { type: 'boolean', default: false },
  temperature: { type: 'string' },
  'top-k': { type: 'string' },
  'top-p': { type: 'string' },
  'min-p': { type: 'string' },
  'repetition-penalty': { type: 'string' },
  seed: { type: 'string' },
  beams: { type: 'string' },
  format: { type: 'string', default: 'text' },
} as const;

function share(name: string, text: string, least: 'above 0' | 'from 0'): number {
  const value = least === 'above 0' ? positiveOption(name, text) : numberOption(name, text, 0);
  if (value > 1) throw misuse(`--${name} must be at most 1, not '${text}'`);
  return value;
}

function parse(args: string[]) {
  const { values, positionals } = parseOptions(args, options);
  if (values.model === undefined) throw misuse('--model is needed: no model that generates comes along');
  if (positionals.length > 1) throw misuse('one prompt is needed; put it in quotes');
  if (values.system !== undefined && !values.chat) throw misuse('--system needs --chat');
  if (values['latency-budget'] !== undefined && values.speedup !== undefined) {
    throw misuse('--speedup and --latency-budget exclude each other');
  }
  if (values.stop?.includes('') === true) throw misuse('--stop needs a text');
  const ifGiven = <T>(name: keyof typeof values, read: (name: string, text: string) => T): T | undefined => {
    const text = values[name];
    return typeof text === 'string' ? read(name, text) : undefined;
  };
  const seed = ifGiven('seed', (name, text) => wholeNumberOption(name, text, 0));
  return {
    prompt: positionals[0] ?? '-',
    model: values.model,
    run: parseRunOptions(values),
    chat: values.chat,
    system: values.system,
    stats: values.stats,
    format: choiceOption('format', values.format, ['text', 'json']),
    generation: {
      speedup: ifGiven('speedup', (name, text) => numberOption(name, text, 1)),
      latency_budget: ifGiven('latency-budget', positiveOption),
      prompt_mode: ifGiven('prompt-mode', (name, text) => choiceOption(name, text, ['layers', 'sentences', 'cut'])),
      max_new_tokens: ifGiven('max-new-tokens', (name, text) => wholeNumberOption(name, text, 1)),
      stop_strings: values.stop,
      do_sample: values.sample || undefined, // else as generation_config.json says
      temperature: ifGiven('temperature', positiveOption),
      top_k: ifGiven('top-k', (name, text) => wholeNumberOption(name, text, 0)),
      top_p: ifGiven('top-p', (name, text) => share(name, text, 'above 0')),
      min_p: ifGiven('min-p', (name, text) => share(name, text, 'from 0')),
      repetition_penalty: ifGiven('repetition-penalty', positiveOption),
      num_beams: ifGiven('beams', (name, text) => wholeNumberOption(name, text, 1)),
      seed,
    },
  };
}

/** All of standard input, without the line end that ends it. */
async function readPrompt(): Promise<string> {
  let text = '';
  for await (const part of decodedParts('-', () => undefined)) {
    text += part;
    if (text.length > longestText) throw badInput('stdin: a prompt cannot be longer than 16 Mi characters');
  }
  return text.replace(/\r?\n$/, '');
}

const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
/** A model may write what would control a terminal. */
const safe = (text: string): string =>
  process.stdout.isTTY ? text.replace(unprintable, (each) => (each === '\n' || each === '\t' ? each : ' ')) : text;

export const generate: Command = {
  summary: 'go on from a prompt',
  help,

  async run(args, signal) {
    const { prompt, model, run, chat, system, stats, format, generation } = parse(args);
    if (prompt === '-' && process.stdin.isTTY) process.stderr.write('Type or paste a prompt; Ctrl-D ends it.\n');
    const text = prompt === '-' ? await readPrompt() : prompt;
    if (text === '') throw badInput('the prompt is empty');

    const generator = await loadModel('text-generation', model, { ...run, signal, worker: true });
    if (generation.speedup !== undefined) checkSpeedup('speedup', generation.speedup, generator.maxSpeedup);
    hideProgress();
    const messages = [
      ...(system === undefined ? [] : [{ role: 'system', content: system }]),
      { role: 'user', content: text },
    ];
    const inputs: GenerationInput[] = [chat ? messages : text];
    let printing = Promise.resolve();
    const streamer = (piece: string): void => {
      printing = printing.then(() => print(safe(piece), signal));
    };
    const [[answer] = []] = await generator(inputs, {
      ...generation,
      signal,
      stats: stats || format === 'json',
      return_full_text: false,
      streamer: format === 'text' ? streamer : null,
    });
    await printing;
    if (format === 'json') await print(`${JSON.stringify({ prompt: chat ? messages : text, ...answer })}\n`, signal);
    else await print('\n', signal);
    if (stats && answer?.stats !== undefined) {
      const { prompt_tokens, new_tokens, first_token_milliseconds, tokens_per_second, cache_bytes } = answer.stats;
      process.stderr.write(
        `${prompt_tokens} + ${new_tokens} tokens, the first after ${first_token_milliseconds.toFixed(0)} ms, then ` +
          `${tokens_per_second.toFixed(1)} tokens/s; cache ${(cache_bytes / 1e6).toFixed(1)} MB; ` +
          `speedup ${answer.stats.achieved_speedup.toFixed(2)}; ended by ${answer.finish_reason}\n`,
      );
    }
    await generator.dispose();
  },
};
