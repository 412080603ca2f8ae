// The callable that pipeline('text-classification') resolves to: a queue in front of an engine.
//
// Calls are answered in order. Each is cut into batches small enough that the event loop gets a turn between them, so
// that signals, and a page, stay alive.
import {
  checkCalibrationOptions,
  checkClassificationOptions,
  checkInputs,
  checkLatencyBudget,
  checkSpeedup,
} from './arguments.js';
import type { CheckedClassificationOptions, CheckedInput } from './arguments.js';
import { orAborted, throwIfAborted } from './abort.js';
import type { Calibrator } from './calibration.js';
import type { Engine } from './engine.js';
import { LatformerError } from './errors.js';
import { macsOf, statsOf } from './stats.js';
import type {
  Calibration,
  CalibrationOptions,
  ClassificationInput,
  ClassificationOptions,
  ClassificationTask,
  LabelScore,
  ModelInfo,
  TextClassificationPipeline,
} from './types.js';

// A batch ends before the text that would make it longer than this: enough rows to keep the matrix products busy, and a
// fraction of a second of a small model.
const batchCharacters = 2048;
const batchInputs = 64;

const leastBudget = 1e-6; // milliseconds for the core, where nothing is left for it; it can only say that it takes longer

function* batchesOf(inputs: readonly CheckedInput[]): Generator<CheckedInput[]> {
  let batch: CheckedInput[] = [];
  let characters = 0;
  for (const input of inputs) {
    const length = input.text.length + (input.text_pair?.length ?? 0);
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

/** One job after the other. */
class Queue {
  #last: Promise<unknown> = Promise.resolve();

  add<T>(job: () => Promise<T>): Promise<T> {
    const result = this.#last.then(job);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

class Classifier {
  readonly #queue = new Queue();
  readonly #disposal = new AbortController();
  #speedup = 1;
  #budget: number | undefined; // instead of the speedup

  constructor(
    readonly engine: Engine,
    readonly info: ModelInfo,
    readonly calibrator: Calibrator,
  ) {}

  getSpeedup(): number {
    return this.#speedup;
  }

  setSpeedup(speedup: number): void {
    this.#speedup = checkSpeedup(speedup, this.info.max_speedup);
    this.#budget = undefined;
  }

  getLatencyBudget(): number | null {
    return this.#budget ?? null;
  }

  setLatencyBudget(milliseconds: number | null): Promise<void> {
    this.#budget = checkLatencyBudget(milliseconds);
    const ready = this.#budget === undefined ? Promise.resolve() : this.#next(() => this.#calibrateOnce());
    ready.catch(() => undefined); // who does not await it hears of a failure from the calls
    return ready;
  }

  async calibrate(given?: CalibrationOptions): Promise<Calibration> {
    const { fresh } = checkCalibrationOptions(given);
    return this.#next(() => this.calibrator.calibrate(fresh));
  }

  async classify(
    input: ClassificationInput | readonly ClassificationInput[],
    given?: ClassificationOptions,
  ): Promise<LabelScore[] | LabelScore[][]> {
    const defaults = { speedup: this.#speedup, budget: this.#budget, maxSpeedup: this.info.max_speedup };
    const options = checkClassificationOptions(given, defaults);
    const inputs = checkInputs(input);

    const signals = [this.#disposal.signal, options.signal];
    throwIfAborted(signals);
    const answers = await orAborted(
      this.#queue.add(() => this.#answer(inputs, options, signals)),
      signals,
    );
    return Array.isArray(input) && options.top_k !== 1 ? answers : answers.flat();
  }

  dispose(): void {
    this.#disposal.abort(new LatformerError('disposed', 'the pipeline was disposed of'));
    this.engine.close();
  }

  /** Waits for its turn in the queue. */
  #next<T>(job: () => Promise<T>): Promise<T> {
    const signals = [this.#disposal.signal];
    return orAborted(
      this.#queue.add(() => {
        throwIfAborted(signals);
        return job();
      }),
      signals,
    );
  }

  async #calibrateOnce(): Promise<void> {
    if (!this.calibrator.isCalibrated) await this.calibrator.calibrate(false);
  }

  async #answer(
    inputs: readonly CheckedInput[],
    options: CheckedClassificationOptions,
    signals: readonly (AbortSignal | undefined)[],
  ): Promise<LabelScore[][]> {
    throwIfAborted(signals);
    const answers: LabelScore[][] = [];
    if (options.budget !== undefined) await this.#calibrateOnce();
    for (const batch of batchesOf(inputs)) {
      throwIfAborted(signals);
      answers.push(...(await this.#run(batch, options)));
    }
    return answers;
  }

  async #run(batch: CheckedInput[], options: CheckedClassificationOptions): Promise<LabelScore[][]> {
    const begin = performance.now();
    const { speedup, windows, stats } = options;
    const { overhead } = this.calibrator;
    const budget = options.budget === undefined ? undefined : Math.max(options.budget - overhead, leastBudget);
    const run = await this.engine.run(batch, { speedup, budget, windows, stats });

    const totalMacs = run.results.reduce((sum, result) => sum + macsOf(result), 0);
    const answers = run.results.map((result) => {
      const labels = bestLabels(result.scores, this.info.labels, options.top_k);
      if (!stats) return labels;
      const milliseconds = (run.milliseconds * macsOf(result)) / totalMacs;
      const its = statsOf(result, options, overhead, milliseconds, this.info.profile.source);
      return labels.map((label) => ({ ...label, stats: its }));
    });
    if (batch.length === 1) this.calibrator.observe(performance.now() - begin, run.coreMilliseconds);
    return answers;
  }
}

export function textClassificationPipeline(
  engine: Engine,
  info: ModelInfo,
  task: ClassificationTask,
  calibrator: Calibrator,
): TextClassificationPipeline {
  const classifier = new Classifier(engine, info, calibrator);
  const dispose = (): Promise<void> => {
    classifier.dispose();
    return Promise.resolve();
  };
  const classify = (input: ClassificationInput, options?: ClassificationOptions) => classifier.classify(input, options);
  const members = {
    task,
    info,
    maxSpeedup: info.max_speedup,
    getSpeedup: () => classifier.getSpeedup(),
    setSpeedup: (speedup: number) => classifier.setSpeedup(speedup),
    getLatencyBudget: () => classifier.getLatencyBudget(),
    setLatencyBudget: (milliseconds: number | null) => classifier.setLatencyBudget(milliseconds),
    calibrate: (options?: CalibrationOptions) => classifier.calibrate(options),
    dispose,
  };
  for (const [name, value] of Object.entries(members)) {
    Object.defineProperty(classify, name, { value, enumerable: true });
  }
  // Older browsers do not have these symbols yet.
  if (Symbol.dispose) Object.defineProperty(classify, Symbol.dispose, { value: () => void dispose() });
  if (Symbol.asyncDispose) Object.defineProperty(classify, Symbol.asyncDispose, { value: dispose });
  return classify as unknown as TextClassificationPipeline;
}
