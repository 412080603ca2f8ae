// Text classification: the callable that pipeline('text-classification') resolves to.
//
// Each call is cut into batches small enough that the event loop gets a turn between them, so that signals, and a page,
// stay alive.
import { throwIfAborted } from '../abort.js';
import { checkClassificationOptions, checkInputs } from '../arguments/classification.js';
import type { CheckedClassificationOptions } from '../arguments/classification.js';
import type { Engine, TextInput } from '../engine.js';
import type { Calibrator } from '../time/calibration.js';
import type {
  ClassificationInput,
  ClassificationOptions,
  ClassificationTask,
  LabelScore,
  ModelInfo,
  TextClassificationPipeline,
} from '../types/classification.js';
import { PipelineBase, callable } from './pipeline_base.js';
import type { Signals } from './pipeline_base.js';
import { macsOf, statsOf } from './stats.js';

// A batch ends before the text that would make it longer than this: enough rows to keep the matrix products busy, and a
// fraction of a second of a small model.
const batchCharacters = 2048;
const batchInputs = 64;

const leastBudget = 1e-6; // milliseconds for the core, where nothing is left for it; it can only say that it takes longer

function* batchesOf(inputs: readonly TextInput[]): Generator<TextInput[]> {
  let batch: TextInput[] = [];
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

class Classifier extends PipelineBase<ModelInfo> {
  async classify(
    input: ClassificationInput | readonly ClassificationInput[],
    given?: ClassificationOptions,
  ): Promise<LabelScore[] | LabelScore[][]> {
    const options = checkClassificationOptions(given, this.speedDefaults);
    const inputs = checkInputs(input);
    const answers = await this.inTurn((signals) => this.#answer(inputs, options, signals), options.signal);
    return Array.isArray(input) && options.top_k !== 1 ? answers : answers.flat();
  }

  async #answer(
    inputs: readonly TextInput[],
    options: CheckedClassificationOptions,
    signals: Signals,
  ): Promise<LabelScore[][]> {
    const answers: LabelScore[][] = [];
    if (options.budget !== undefined) await this.calibrateOnce();
    for (const batch of batchesOf(inputs)) {
      throwIfAborted(signals);
      answers.push(...(await this.#run(batch, options)));
    }
    return answers;
  }

  async #run(batch: TextInput[], options: CheckedClassificationOptions): Promise<LabelScore[][]> {
    const begin = performance.now();
    const { speedup, windows, stats, signal } = options;
    const { overhead } = this.calibrator;
    const budget = options.budget === undefined ? undefined : Math.max(options.budget - overhead, leastBudget);
    const run = await this.engine.classify(batch, { speedup, budget, windows, stats }, { signal });

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
  const classify = (input: ClassificationInput, options?: ClassificationOptions) => classifier.classify(input, options);
  return callable(classify, classifier, { task }) as unknown as TextClassificationPipeline;
}
