// What text generation is given, and what generation_config.json says where nothing is given.
import type { GenerateOptions } from '../engine.js';
import { LatformerError } from '../errors.js';
import type { ChatMessage, GenerationInput, GenerationOptions } from '../types/generation.js';
import { checkLatencyBudget, checkSpeedup } from './speed.js';
import type { SpeedDefaults } from './speed.js';
import { abortSignal, boolean, fieldsOf, oneOf, show, text, wholeNumber } from './values.js';
import type { Fields } from './values.js';

function number(value: unknown, what: string, isSound: (value: number) => boolean, range: string): number {
  if (typeof value !== 'number') throw new TypeError(`${what} must be a number, not ${show(value)}`);
  if (!isSound(value)) throw new RangeError(`${what} must be ${range}, not ${value}`);
  return value;
}

const most32 = 2 ** 32 - 1;
const mostBeams = 64;

function count(value: unknown, what: string, least: number, most: number): number {
  if (wholeNumber(value, what, least) > most)
    throw new RangeError(`${what} must be at most ${most}, not ${String(value)}`);
  return value as number;
}

const above0 = (value: number): boolean => value > 0 && value < Infinity;

function stopStrings(value: unknown): string[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.map((each) => {
    if (typeof each !== 'string') throw new TypeError(`stop_strings must be strings, not ${show(each)}`);
    if (each === '') throw new RangeError('a stop string must not be empty');
    return each;
  });
}

/** Settings that generation_config.json has too: name -> check. */
const settings = {
  max_new_tokens: (value: unknown) => count(value, 'max_new_tokens', 1, most32),
  do_sample: (value: unknown) => boolean(value, 'do_sample'),
  temperature: (value: unknown) => number(value, 'temperature', above0, 'above 0'),
  top_k: (value: unknown) => count(value, 'top_k', 0, most32),
  top_p: (value: unknown) => number(value, 'top_p', (p) => p > 0 && p <= 1, 'above 0 and at most 1'),
  min_p: (value: unknown) => number(value, 'min_p', (p) => p >= 0 && p <= 1, 'from 0 to 1'),
  repetition_penalty: (value: unknown) => number(value, 'repetition_penalty', above0, 'above 0'),
  num_beams: (value: unknown) => count(value, 'num_beams', 1, mostBeams),
  length_penalty: (value: unknown) => number(value, 'length_penalty', Number.isFinite, 'finite'),
  stop_strings: stopStrings,
};
type Settings = { [Name in keyof typeof settings]: ReturnType<(typeof settings)[Name]> };

export const plainSettings: Settings = {
  max_new_tokens: 256,
  do_sample: false,
  temperature: 1,
  top_k: 50,
  top_p: 1,
  min_p: 0,
  repetition_penalty: 1,
  num_beams: 1,
  length_penalty: 1,
  stop_strings: [],
};

/** Settings of generation_config.json that would change the text, but are not done here. */
const undone =
  'min_length min_new_tokens max_time early_stopping top_h typical_p epsilon_cutoff eta_cutoff encoder_repetition_penalty ' +
  'no_repeat_ngram_size encoder_no_repeat_ngram_size bad_words_ids renormalize_logits forced_bos_token_id ' +
  'forced_eos_token_id exponential_decay_length_penalty suppress_tokens begin_suppress_tokens sequence_bias token_healing ' +
  'guidance_scale watermarking_config num_return_sequences penalty_alpha dola_layers diversity_penalty num_beam_groups ' +
  'constraints force_words_ids';
/** Of these 1 is what changes nothing. */
const factors = [
  'typical_p',
  'encoder_repetition_penalty',
  'guidance_scale',
  'num_return_sequences',
  'num_beam_groups',
];

/** Whether a setting of that value might as well not be there. */
const isIdle = (name: string, value: unknown): boolean =>
  (value ?? false) === false ||
  (value === 0 && !name.endsWith('_id')) ||
  (value === 1 && factors.includes(name)) ||
  (typeof value === 'object' && value !== null && Object.keys(value).length === 0);

/** `defaults`, but for what `given` has; null counts as not given. */
function settingsOf(given: Fields, defaults: Settings): Settings {
  const found: Record<string, number | boolean | string[]> = { ...defaults };
  for (const [name, check] of Object.entries(settings)) {
    const value = given.get(name) ?? undefined;
    if (value !== undefined) found[name] = check(value);
  }
  return found as unknown as Settings;
}

/** The settings in a model's generation_config.json. Throws TypeError and RangeError, LatformerError for what is not done. */
export function generationConfig(config: Readonly<Record<string, unknown>>): Settings {
  for (const name of undone.split(' ')) {
    if (isIdle(name, config[name])) continue;
    throw new LatformerError(
      'unsupported_model',
      `generation_config.json: ${name} is ${JSON.stringify(config[name])}, which Latformer does not do`,
    );
  }
  return settingsOf(new Map(Object.entries(config)), plainSettings);
}

export interface CheckedGenerationOptions extends GenerateOptions {
  fullText: boolean;
  streamer: NonNullable<GenerationOptions['streamer']>;
  stats: boolean;
  signal: AbortSignal | undefined;
}

export function checkGenerationOptions(
  value: unknown,
  speed: SpeedDefaults,
  defaults: Settings,
): CheckedGenerationOptions {
  const own = ['seed', 'context_limit', 'return_full_text', 'streamer', 'prompt_mode'];
  const known = [...Object.keys(settings), ...own, 'speedup', 'latency_budget', 'stats', 'signal'];
  const given = fieldsOf(value, 'options', known);

  const found = settingsOf(given, defaults);
  if (found.num_beams > 1 && found.do_sample) throw new TypeError('num_beams above 1 and do_sample exclude each other');
  if (given.has('speedup') && (given.get('latency_budget') ?? null) !== null) {
    throw new TypeError('speedup and latency_budget exclude each other');
  }
  let { budget } = speed;
  if (given.has('speedup')) budget = undefined;
  if (given.has('latency_budget')) budget = checkLatencyBudget(given.get('latency_budget'));
  const streamer = given.get('streamer') ?? (() => undefined);
  if (typeof streamer !== 'function') throw new TypeError(`streamer must be a function, not ${show(streamer)}`);
  const limit = given.has('context_limit')
    ? oneOf(given.get('context_limit'), 'context_limit', ['end', 'slide'])
    : 'end';
  return {
    maxNewTokens: found.max_new_tokens,
    doSample: found.do_sample,
    temperature: found.temperature,
    topK: found.top_k,
    topP: found.top_p,
    minP: found.min_p,
    repetitionPenalty: found.repetition_penalty,
    seed: given.has('seed') ? wholeNumber(given.get('seed'), 'seed', 0) : Math.floor(Math.random() * 2 ** 53),
    numBeams: found.num_beams,
    lengthPenalty: found.length_penalty,
    stop: found.stop_strings,
    slide: limit === 'slide',
    mode: given.has('prompt_mode')
      ? oneOf(given.get('prompt_mode'), 'prompt_mode', ['layers', 'sentences', 'cut'])
      : undefined,
    speedup: given.has('speedup') ? checkSpeedup(given.get('speedup'), speed.maxSpeedup) : speed.speedup,
    budget,
    fullText: !given.has('return_full_text') || boolean(given.get('return_full_text'), 'return_full_text'),
    streamer: streamer as CheckedGenerationOptions['streamer'],
    stats: given.has('stats') && boolean(given.get('stats'), 'stats'),
    signal: abortSignal(given.get('signal'), 'signal'),
  };
}

function message(value: unknown, where: string): ChatMessage {
  const given = fieldsOf(value, where, ['role', 'content']);
  const [role, content] = ['role', 'content'].map((name) => {
    return text(given.get(name), `${name} of ${where}`);
  }) as [string, string];
  return { role, content };
}

const isMessage = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

/** `where` says which input it is, for errors. */
function prompt(value: unknown, where: string): GenerationInput {
  if (typeof value === 'string') {
    if (value === '') throw new RangeError(`${where} must not be empty`);
    return text(value, where);
  }
  if (!Array.isArray(value)) throw new TypeError(`${where} must be a string or messages, not ${show(value)}`);
  if (value.length === 0) throw new RangeError(`${where} must have a message`);
  return Array.from(value, (each, index) => message(each, `message ${index} of ${where}`));
}

/** A copy of the prompts, and whether they were several. An array of objects is one conversation. */
export function checkPrompts(value: unknown): { prompts: GenerationInput[]; isList: boolean } {
  if (!Array.isArray(value) || isMessage(value[0])) return { prompts: [prompt(value, 'the prompt')], isList: false };
  return { prompts: Array.from(value, (each, index) => prompt(each, `prompt ${index}`)), isList: true };
}
