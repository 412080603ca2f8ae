// Text generation: prompts, options, results, statistics.
import type { AdjustablePipeline } from './adjustable.js';
import type { BaseModelInfo } from './model.js';

export type GenerationTask = 'text-generation';

/** A turn of a conversation; models that were trained on conversations know 'system', 'user' and 'assistant'. */
export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

/** What text goes on from: a text, or a conversation that the assistant has to answer. */
export type GenerationInput = string | readonly ChatMessage[];

/** Where the model's own generation_config.json says otherwise, its values are the defaults. */
export interface GenerationOptions {
  /** At most so many tokens, from 1; by default 256. The context may end a text before. */
  max_new_tokens?: number | undefined;
  /** Draw each token by chance; by default the likeliest is taken. */
  do_sample?: boolean | undefined;
  /** Above 0: below 1 likely tokens get likelier, above 1 others do. Default 1. */
  temperature?: number | undefined;
  /** Draw among so many of the likeliest; 0 for all. Default 50. */
  top_k?: number | undefined;
  /** Draw among the likeliest that have this probability together; above 0, at most 1. Default 1. */
  top_p?: number | undefined;
  /** Draw among those that have at least this share of the likeliest's probability; from 0 to 1. Default 0. */
  min_p?: number | undefined;
  /** Above 0; what the text holds already is less likely above 1. Default 1. */
  repetition_penalty?: number | undefined;
  /** A whole number from 0: the same seed draws the same text. Without it each call draws another. */
  seed?: number | undefined;
  /** Beam search with so many beams, from 1 to 64; above 1 without do_sample, and all text comes at the end. */
  num_beams?: number | undefined;
  /** Of beam search: above 0 longer texts are preferred. Default 1. */
  length_penalty?: number | undefined;
  /** A text ends before the first of these. */
  stop_strings?: string | readonly string[] | undefined;
  /** What happens where the model's context ends: the text does (default), or its earlier half is forgotten. */
  context_limit?: 'end' | 'slide' | undefined;
  /** Whether `generated_text` begins with the prompt; default true. Of a conversation: all messages, else the answer alone. */
  return_full_text?: boolean | undefined;
  /** Called with each piece of text as it comes, and with the number of its prompt. */
  streamer?: ((text: string, prompt: number) => void) | null | undefined;
  /** How much less work reading the prompt is, from 1 to `maxSpeedup`. */
  speedup?: number | undefined;
  /** Milliseconds to the first token of each prompt, above 0, instead of a speedup; null for none. */
  latency_budget?: number | null | undefined;
  /** How a prompt is made shorter; by default as the model's profile says. */
  prompt_mode?: 'layers' | 'sentences' | 'cut' | undefined;
  /** Add `stats` to each result. */
  stats?: boolean | undefined;
  /** Cancels the call, within one token. */
  signal?: AbortSignal | null | undefined;
}

/** What happened inside. */
export interface GenerationStats {
  prompt_tokens: number;
  /** Tokens at the prompt's beginning that were as in the call before, and not computed again. */
  reused_tokens: number;
  new_tokens: number;
  /** Rows of the prompt that each layer's cache holds. */
  tokens_per_layer: number[];
  /** For each layer, the positions of the tokens whose word-vectors left it. */
  kept: number[][];
  requested_speedup: number | null;
  achieved_speedup: number;
  latency_budget: number | null;
  /** Multiply-accumulates of reading the prompt. */
  macs: number;
  /** Of keys and values, as allocated. */
  cache_bytes: number;
  /** To the first token of the call. */
  first_token_milliseconds: number;
  /** Behind the first token, of all texts of the call together. */
  tokens_per_second: number;
  /** In the engine, of the whole call. */
  milliseconds: number;
}

export interface GeneratedText<Text = string | ChatMessage[]> {
  /** The text with its prompt; of a conversation its messages and the answer. See `return_full_text`. */
  generated_text: Text;
  /** Why it ended: the model did so, a stop string came, or max_new_tokens or the context were used up. */
  finish_reason: 'end' | 'stop' | 'length';
  stats?: GenerationStats;
}

/** What a model that generates is. */
export interface GenerationModelInfo extends BaseModelInfo {
  num_key_value_heads: number;
  /** How its profile makes prompts shorter. */
  prompt_mode: 'layers' | 'sentences' | 'cut';
  /** What its tokenizer puts in front of every prompt; most have nothing. */
  prompt_prefix: string;
  /** Whether it comes with a template for conversations. */
  has_chat_template: boolean;
}

export interface TextGenerationPipeline extends AdjustablePipeline {
  /** Goes on from one prompt. */
  (prompt: string, options?: GenerationOptions): Promise<GeneratedText<string>[]>;
  /** Answers one conversation. */
  (messages: readonly ChatMessage[], options?: GenerationOptions): Promise<GeneratedText[]>;
  /** Goes on from several, together; a list of one result for each. */
  (prompts: readonly GenerationInput[], options?: GenerationOptions): Promise<GeneratedText[][]>;
  /** The text as it comes: `for await (const piece of generate.stream(prompt)) …`. Leaving the loop ends it. */
  stream(prompt: GenerationInput, options?: GenerationOptions): AsyncGenerator<string, void, undefined>;

  readonly task: GenerationTask;
  readonly info: GenerationModelInfo;
}
