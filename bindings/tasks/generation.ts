// Text generation: the callable that pipeline('text-generation') resolves to, and its stream().
import { throwIfAborted } from '../abort.js';
import { checkGenerationOptions, checkPrompts, generationConfig } from '../arguments/generation.js';
import type { CheckedGenerationOptions } from '../arguments/generation.js';
import type { Engine, Generated, RawPiece, SmallFiles } from '../engine.js';
import { LatformerError, messageOf } from '../errors.js';
import { chatTemplateOf, generationConfigOf } from '../model/generation_files.js';
import type { ChatTemplate } from '../model/generation_files.js';
import type { Calibrator } from '../time/calibration.js';
import type {
  ChatMessage,
  GeneratedText,
  GenerationInput,
  GenerationModelInfo,
  GenerationOptions,
  GenerationStats,
  GenerationTask,
  TextGenerationPipeline,
} from '../types/generation.js';
import { PipelineBase, callable } from './pipeline_base.js';
import type { Signals } from '../abort.js';

/** What was generated behind one prompt. */
interface Answer {
  text: string;
  finish: GeneratedText['finish_reason'];
}

type OnText = (text: string, prompt: number) => void;

/** What generation_config.json says, as an error of the model where it is wrong. */
function defaultsOf(files: SmallFiles): ReturnType<typeof generationConfig> {
  try {
    return generationConfig(generationConfigOf(files));
  } catch (cause) {
    if (cause instanceof LatformerError) throw cause;
    throw new LatformerError('bad_model', `generation_config.json: ${messageOf(cause)}`, { cause });
  }
}

function statsOf(
  run: Generated,
  index: number,
  options: Pick<CheckedGenerationOptions, 'speedup' | 'budget'>,
): GenerationStats | undefined {
  const stats = run.stats[index];
  if (stats === undefined) return undefined;
  return {
    prompt_tokens: stats.promptTokens,
    reused_tokens: stats.reusedTokens,
    new_tokens: stats.newTokens,
    tokens_per_layer: [...stats.tokensPerLayer],
    kept: stats.keptPositions.map((positions) => [...positions]),
    requested_speedup: options.budget === undefined ? options.speedup : null,
    achieved_speedup: stats.achievedSpeedup,
    latency_budget: options.budget ?? null,
    macs: stats.macs,
    cache_bytes: stats.cacheBytes,
    first_token_milliseconds: stats.firstMilliseconds,
    tokens_per_second: stats.tokensPerSecond,
    milliseconds: run.milliseconds,
  };
}

class Generator extends PipelineBase<GenerationModelInfo> {
  readonly #defaults: ReturnType<typeof generationConfig>;
  readonly #chat: ChatTemplate | undefined;

  constructor(
    engine: Engine,
    info: GenerationModelInfo,
    calibrator: Calibrator,
    files: SmallFiles,
    maxPending: number,
  ) {
    super(engine, info, calibrator, maxPending);
    this.#defaults = defaultsOf(files);
    this.#chat = chatTemplateOf(files);
  }

  async generate(input: unknown, given: unknown): Promise<GeneratedText[] | GeneratedText[][]> {
    const options = checkGenerationOptions(given, this.speedDefaults, this.#defaults);
    const { prompts, isList } = checkPrompts(input);
    const calibrated = this.calibratedFor(options.budget, options.signal);
    const results = await this.admitted(() =>
      this.inTurn(async (signals) => {
        await calibrated;
        return this.#results(prompts, options, signals, options.streamer);
      }, options.signal),
    );
    return isList ? results.map((result) => [result]) : results;
  }

  async *stream(input: unknown, given: unknown): AsyncGenerator<string, void, undefined> {
    const options = checkGenerationOptions(given, this.speedDefaults, this.#defaults);
    const { prompts } = checkPrompts(input);
    if (prompts.length !== 1) throw new TypeError('stream() takes one prompt');
    const left = new AbortController(); // when the consumer leaves the loop
    const pieces: string[] = [];
    let isDone = false;
    let wake = (): void => undefined;
    const onText: OnText = (text, prompt) => {
      options.streamer(text, prompt);
      pieces.push(text);
      wake();
    };
    const calibrated = this.calibratedFor(options.budget, options.signal);
    const done = this.admitted(() =>
      this.inTurn(async (signals) => {
        await calibrated;
        return this.#results(prompts, options, [...signals, left.signal], onText);
      }, options.signal),
    ).finally(() => {
      isDone = true;
      wake();
    });
    done.catch(() => undefined); // it is awaited below, unless the consumer leaves before
    try {
      for (;;) {
        for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) yield piece;
        if (isDone) break;
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (isDone || pieces.length > 0) resolve();
        });
      }
      await done;
    } finally {
      left.abort();
    }
  }

  /** The text that goes to the model. */
  async #textOf(prompt: GenerationInput): Promise<string> {
    if (typeof prompt === 'string') return prompt;
    if (this.#chat === undefined) {
      throw new LatformerError('invalid_argument', 'this model has no chat template; give the prompt as a string');
    }
    const { renderChat } = await import('./chat.js');
    try {
      const text = renderChat(this.#chat.template, prompt, this.#chat.tokens);
      const prefix = this.info.prompt_prefix; // a template writes it too, but once is right
      return text.startsWith(prefix) ? text.slice(prefix.length) : text;
    } catch (cause) {
      throw new LatformerError('invalid_argument', `the model's chat template says: ${messageOf(cause)}`, { cause });
    }
  }

  async #results(
    prompts: readonly GenerationInput[],
    options: CheckedGenerationOptions,
    signals: Signals,
    onText: OnText,
  ): Promise<GeneratedText[]> {
    if (prompts.length === 0) return [];
    const texts = await Promise.all(prompts.map((prompt) => this.#textOf(prompt)));
    const answers = prompts.map((): Answer => ({ text: '', finish: 'length' }));
    const run = await this.#run(texts, options, signals, ({ prompt, text, finish }) => {
      const answer = answers[prompt];
      if (answer === undefined) return;
      answer.text += text;
      if (finish !== undefined) answer.finish = finish;
      if (text !== '') onText(text, prompt);
    });
    return answers.map(({ text, finish }, index) => {
      const generated_text = options.fullText ? withPrompt(prompts[index] ?? '', text) : text;
      const stats = options.stats ? statsOf(run, index, options) : undefined;
      return { generated_text, finish_reason: finish, ...(stats && { stats }) };
    });
  }

  /** One call of the engine, which ends when a signal is aborted or `onPiece` throws. */
  async #run(
    texts: string[],
    { budget, ...options }: CheckedGenerationOptions,
    signals: Signals,
    onPiece: (piece: RawPiece) => void,
  ): Promise<Generated> {
    const ending = new AbortController();
    const end = (): void => ending.abort();
    let failure: { error: unknown } | undefined;
    const work = {
      signal: ending.signal,
      onPiece: (pieces: RawPiece[]) => {
        if (failure !== undefined || ending.signal.aborted) return;
        try {
          pieces.forEach(onPiece);
        } catch (error) {
          failure = { error };
          end();
        }
      },
    };
    for (const signal of signals) signal?.addEventListener('abort', end);
    try {
      throwIfAborted(signals);
      const { fullText, streamer, stats, signal, ...own } = options;
      void [fullText, streamer, stats, signal]; // these cannot be sent to a worker
      const left = budget === undefined ? undefined : Math.max(budget - this.calibrator.overhead, 1e-6);
      const run = await this.engine.generate(texts, { ...own, budget: left }, work);
      if (failure !== undefined) throw failure.error;
      return run;
    } catch (error) {
      if (failure !== undefined) throw failure.error;
      throwIfAborted(signals);
      throw error;
    } finally {
      for (const signal of signals) signal?.removeEventListener('abort', end);
    }
  }
}

function withPrompt(prompt: GenerationInput, text: string): string | ChatMessage[] {
  return typeof prompt === 'string' ? prompt + text : [...prompt, { role: 'assistant', content: text }];
}

export function textGenerationPipeline(
  engine: Engine,
  info: GenerationModelInfo,
  task: GenerationTask,
  calibrator: Calibrator,
  files: SmallFiles,
  maxPending: number,
): TextGenerationPipeline {
  const generator = new Generator(engine, info, calibrator, files, maxPending);
  const generate = (input: unknown, options?: GenerationOptions) => generator.generate(input, options);
  const stream = (input: GenerationInput, options?: GenerationOptions) => generator.stream(input, options);
  return callable(generate, generator, { task, stream }) as unknown as TextGenerationPipeline;
}
