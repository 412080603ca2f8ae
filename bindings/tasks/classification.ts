// Text classification: the callable that pipeline('text-classification') resolves to, and its stream().
//
// Each call is cut into batches small enough that the event loop gets a turn between them, so that signals, and a page,
// stay alive. Batches of calls that wait for the same become one, which is more work at once and less around it.
import { orAborted, throwIfAborted } from '../abort.js';
import { checkClassificationOptions, checkInputs, checkSource } from '../arguments/classification.js';
import type { CheckedClassificationOptions } from '../arguments/classification.js';
import type { Classifications, Engine, RawClassification, TextInput } from '../engine.js';
import type { Calibrator } from '../time/calibration.js';
import type {
  ClassificationInput,
  ClassificationOptions,
  ClassificationTask,
  LabelScore,
  ModelInfo,
  Streamed,
  TextClassificationPipeline,
} from '../types/classification.js';
import { mapInOrder } from './in_order.js';
import { PipelineBase, callable } from './pipeline_base.js';
import type { Signals } from '../abort.js';
import type { Job } from './queue.js';
import { macsOf, statsOf } from './stats.js';

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

function bestLabels(scores: Float32Array, labels: readonly string[], top_k: number): LabelScore[] {
  return Array.from(scores, (score, index) => ({ label: labels[index] ?? `LABEL_${index}`, score }))
    .sort((a, b) => b.score - a.score) // stable: equal scores stay in the order of id2label
    .slice(0, top_k);
}

/** What waits for one batch: a call, or a part of one. */
interface Part {
  inputs: TextInput[];
  options: CheckedClassificationOptions;
  /** Rejects if there is no use in running. */
  ready: () => Promise<void>;
  resolve(answers: LabelScore[][]): void;
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
      a?.scoreFunction === b?.scoreFunction &&
      a?.stats === b?.stats &&
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

class Classifier extends PipelineBase<ModelInfo> {
  async classify(
    input: ClassificationInput | readonly ClassificationInput[],
    given?: ClassificationOptions,
  ): Promise<LabelScore[] | LabelScore[][]> {
    const options = checkClassificationOptions(given, this.speedDefaults);
    const inputs = checkInputs(input);
    const answers = await this.admitted(() => this.#answer(inputs, options));
    return Array.isArray(input) && options.top_k !== 1 ? answers : answers.flat();
  }

  async *stream<Input extends ClassificationInput>(
    source: AsyncIterable<Input> | Iterable<Input>,
    given?: ClassificationOptions,
  ): AsyncGenerator<Streamed<Input, LabelScore | LabelScore[]>, void, undefined> {
    const options = checkClassificationOptions(given, this.speedDefaults);
    checkSource(source);
    const left = new AbortController(); // when the consumer leaves the loop
    const answer = async (input: Input): Promise<Streamed<Input, LabelScore | LabelScore[]>> => {
      const [labels = []] = await this.#answer(checkInputs([input]), options, left.signal);
      return { input, output: options.top_k === 1 ? (labels[0] as LabelScore) : labels };
    };
    try {
      yield* mapInOrder(source, readAhead * this.engine.lanes, answer);
    } finally {
      left.abort();
    }
  }

  async #answer(
    inputs: readonly TextInput[],
    options: CheckedClassificationOptions,
    left?: AbortSignal,
  ): Promise<LabelScore[][]> {
    const signals: Signals = [...this.signalsOf(options.signal), left];
    throwIfAborted(signals);
    const calibrated = this.calibratedFor(options.budget, options.signal);
    let failure: { error: unknown } | undefined; // what fails in one part ends the others
    const ready = async (): Promise<void> => {
      throwIfAborted(signals);
      if (failure !== undefined) throw failure.error;
      await calibrated;
    };
    const parts = Array.from(
      batchesOf(inputs),
      (batch) =>
        new Promise<LabelScore[][]>((resolve, reject) => {
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
      const run = await this.#classify(wanted);
      for (const part of wanted) part.resolve(this.#labelled(part, run.results.splice(0, part.inputs.length), run));
    } catch (error) {
      if (others.length === 0) first.reject(error);
      else for (const part of wanted) await this.#run([part]);
    }
  }

  async #classify(parts: readonly Part[]): Promise<Classifications> {
    const begin = performance.now();
    const inputs = parts.flatMap((part) => part.inputs);
    const { speedup, windows, scoreFunction, stats, budget, signal } = (parts[0] as Part).options;
    const left = budget === undefined ? undefined : Math.max(budget - this.calibrator.overhead, leastBudget);
    const options = { speedup, budget: left, windows, stats, scoreFunction };
    const run = await this.engine.classify(inputs, options, parts.length > 1 ? undefined : { signal });
    if (inputs.length === 1) this.calibrator.observe(performance.now() - begin, run.coreMilliseconds);
    const totalMacs = run.results.reduce((sum, result) => sum + macsOf(result), 0);
    return { ...run, milliseconds: run.milliseconds / totalMacs }; // for each multiply-accumulate
  }

  #labelled({ options }: Part, results: RawClassification[], { milliseconds }: Classifications): LabelScore[][] {
    const { overhead } = this.calibrator;
    return results.map((result) => {
      const labels = bestLabels(result.scores, this.info.labels, options.top_k);
      if (!options.stats) return labels;
      const own = milliseconds * macsOf(result);
      const stats = statsOf(result, options, overhead, own, this.info.profile.source);
      return labels.map((label) => ({ ...label, stats }));
    });
  }
}

export function textClassificationPipeline(
  engine: Engine,
  info: ModelInfo,
  task: ClassificationTask,
  calibrator: Calibrator,
  maxPending: number,
): TextClassificationPipeline {
  const classifier = new Classifier(engine, info, calibrator, maxPending);
  const stream: TextClassificationPipeline['stream'] = (source, options) => classifier.stream(source, options);
  const classify = (input: ClassificationInput, options?: ClassificationOptions) => classifier.classify(input, options);
  return callable(classify, classifier, { task, stream }) as unknown as TextClassificationPipeline;
}
