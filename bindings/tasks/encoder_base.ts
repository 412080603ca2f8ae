// What the tasks of an encoder have in common: texts, as a call gives them, to what the model's head makes of each.
//
// Each call is cut into batches small enough that the event loop gets a turn between them, so that signals, and a page,
// stay alive. Batches of calls that wait for the same become one, which is more work at once and less around it.
import { orAborted, throwIfAborted } from '../abort.js';
import type { Signals } from '../abort.js';
import { checkSource } from '../arguments/encoder.js';
import type { CheckedEncoderOptions } from '../arguments/encoder.js';
import type { Encodings, EncodeOptions, RawEncoded, TextInput } from '../engine.js';
import type { Stats, Streamed } from '../types/classification.js';
import type { BaseModelInfo } from '../types/model.js';
import { mapInOrder } from './in_order.js';
import { PipelineBase } from './pipeline_base.js';
import type { Job } from './queue.js';
import { macsOf, statsOf } from './stats.js';

/** What a call asks for. */
export type EncoderCallOptions = CheckedEncoderOptions &
  Pick<EncodeOptions, 'pooling' | 'windowTokens' | 'windowStride'> & {
    /** All inputs are one question: they run as one batch and have one latency budget. */
    together?: boolean;
    /** Answers need to know what the tokens are. */
    traces?: boolean;
  };

/** Of one text. */
export interface Encoded {
  /** Of each window, what the head made of it. */
  windows: Float32Array[];
  raw: RawEncoded;
  /** Where it was asked for. */
  stats?: Stats;
}

// A batch ends before the text that would make it longer than this: enough rows to keep the matrix products busy, and a
// fraction of a second of a small model.
const batchCharacters = 2048;
const batchInputs = 64;

const readAhead = 2 * batchInputs; // of a stream, for each lane

const leastBudget = 1e-6; // milliseconds for the core, where nothing is left for it; it can only say that it takes longer

const charactersOf = ({ text, text_pair }: TextInput): number => text.length + (text_pair?.length ?? 0);
const characters = (inputs: readonly TextInput[]): number => inputs.reduce((sum, each) => sum + charactersOf(each), 0);

function* batchesOf(inputs: readonly TextInput[]): Generator<TextInput[]> {
  let batch: TextInput[] = [];
  let characters = 0;
  for (const input of inputs) {
    const length = charactersOf(input);
    if (batch.length > 0 && (characters + length > batchCharacters || batch.length === batchInputs)) {
      yield batch;
      batch = [];
      characters = 0;
    }
    batch.push(input);
    characters += length;
  }
  if (batch.length > 0) yield batch;
}

function encodedOf(raw: RawEncoded): Encoded {
  const { values, count } = raw;
  const size = values.length / count;
  return { raw, windows: Array.from({ length: count }, (_, i) => values.subarray(i * size, (i + 1) * size)) };
}

/** The mean of vectors of the same size. */
export function meanOf(vectors: readonly Float32Array[]): Float32Array {
  const [first = new Float32Array(), ...others] = vectors;
  if (others.length === 0) return first;
  return first.map((value, k) => others.reduce((sum, each) => sum + (each[k] ?? 0), value) / vectors.length);
}

/** What waits for one batch: a call, or a part of one. */
interface Part {
  inputs: TextInput[];
  options: EncoderCallOptions;
  /** Rejects if there is no use in running. */
  ready: () => Promise<void>;
  resolve(answers: Encoded[]): void;
  reject(error: unknown): void;
}

type Run = (parts: Part[]) => Promise<void>;

class Batch implements Job {
  readonly #parts: Part[];
  readonly #run: Run;
  #characters: number;
  #inputs: number;

  constructor(part: Part, run: Run) {
    this.#parts = [part];
    this.#run = run;
    this.#characters = characters(part.inputs);
    this.#inputs = part.inputs.length;
  }

  absorb(next: Job): boolean {
    if (!(next instanceof Batch)) return false;
    const [a, b] = [this.#parts[0]?.options, next.#parts[0]?.options];
    // Who has a latency budget has it for himself.
    const isSame =
      a?.speedup === b?.speedup &&
      a?.windows === b?.windows &&
      a?.stats === b?.stats &&
      a?.pooling === b?.pooling &&
      a?.windowTokens === b?.windowTokens &&
      a?.windowStride === b?.windowStride &&
      (a?.budget ?? b?.budget) === undefined;
    const isRoom = this.#characters + next.#characters <= batchCharacters && this.#inputs + next.#inputs <= batchInputs;
    if (!isSame || !isRoom) return false;
    this.#parts.push(...next.#parts);
    this.#characters += next.#characters;
    this.#inputs += next.#inputs;
    return true;
  }

  run(): Promise<void> {
    return this.#run(this.#parts);
  }
}

export abstract class EncoderPipeline<Info extends BaseModelInfo> extends PipelineBase<Info> {
  /** `source` through `answer`, in order; a signal that ends each call when the consumer leaves the loop. */
  protected async *streamed<Input, Output>(
    source: AsyncIterable<Input> | Iterable<Input>,
    answer: (input: Input, left: AbortSignal) => Promise<Output>,
  ): AsyncGenerator<Streamed<Input, Output>, void, undefined> {
    checkSource(source);
    const left = new AbortController();
    try {
      yield* mapInOrder(source, readAhead * this.engine.lanes, async (input) => ({
        input,
        output: await answer(input, left.signal),
      }));
    } finally {
      left.abort();
    }
  }

  protected async encoded(
    inputs: readonly TextInput[],
    options: EncoderCallOptions,
    left?: AbortSignal,
  ): Promise<Encoded[]> {
    const signals: Signals = [...this.signalsOf(options.signal), left];
    throwIfAborted(signals);
    const calibrated = this.calibratedFor(options.budget, options.signal);
    let failure: { error: unknown } | undefined; // what fails in one part ends the others
    const ready = async (): Promise<void> => {
      throwIfAborted(signals);
      if (failure !== undefined) throw failure.error;
      await calibrated;
    };
    // Without a budget in common, the lanes share the work.
    const isOne = options.together === true && (options.budget !== undefined || this.engine.lanes === 1);
    const parts = Array.from(
      isOne && inputs.length > 0 ? [[...inputs]] : batchesOf(inputs),
      (batch) =>
        new Promise<Encoded[]>((resolve, reject) => {
          const fail = (error: unknown): void => {
            failure ??= { error };
            reject(error);
          };
          this.enqueue(new Batch({ inputs: batch, options, ready, resolve, reject: fail }, (all) => this.#run(all)));
        }),
    );
    return (await orAborted(Promise.all(parts), signals)).flat();
  }

  /** Runs what parts wait for: as one, or, where that fails, each for itself. */
  async #run(parts: readonly Part[]): Promise<void> {
    const wanted: Part[] = [];
    for (const part of parts) {
      try {
        await part.ready();
        wanted.push(part);
      } catch (error) {
        part.reject(error);
      }
    }
    const [first, ...others] = wanted;
    if (first === undefined) return;
    try {
      const run = await this.#encode(wanted);
      for (const part of wanted) part.resolve(this.#told(part, run.results.splice(0, part.inputs.length), run));
    } catch (error) {
      if (others.length === 0) first.reject(error);
      else for (const part of wanted) await this.#run([part]);
    }
  }

  async #encode(parts: readonly Part[]): Promise<Encodings> {
    const begin = performance.now();
    const inputs = parts.flatMap((part) => part.inputs);
    const { speedup, windows, stats, budget, pooling, together, traces, windowTokens, windowStride, signal } = (
      parts[0] as Part
    ).options;
    const left = budget === undefined ? undefined : Math.max(budget - this.calibrator.overhead, leastBudget);
    const options = {
      speedup,
      budget: left,
      sharedBudget: together === true,
      windows,
      stats: stats || traces === true,
      pooling,
      windowTokens,
      windowStride,
    };
    const run = await this.engine.encode(inputs, options, parts.length > 1 ? undefined : { signal });
    if (inputs.length === 1) this.calibrator.observe(performance.now() - begin, run.coreMilliseconds);
    const totalMacs = run.results.reduce((sum, result) => sum + macsOf(result), 0);
    return { ...run, milliseconds: run.milliseconds / totalMacs }; // for each multiply-accumulate
  }

  #told({ options }: Part, results: RawEncoded[], { milliseconds }: Encodings): Encoded[] {
    const { overhead } = this.calibrator;
    return results.map((result) => {
      const encoded = encodedOf(result);
      if (!options.stats) return encoded;
      const own = milliseconds * macsOf(result);
      return { ...encoded, stats: statsOf(result, options, overhead, own, this.info.profile.source) };
    });
  }
}
