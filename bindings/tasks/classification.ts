// Text classification: the callable that pipeline('text-classification') resolves to, and its stream().
import { checkClassificationOptions, checkInputs } from '../arguments/classification.js';
import type { CheckedClassificationOptions } from '../arguments/classification.js';
import type { ScoreFunction } from '../choices.js';
import type { Engine, TextInput } from '../engine.js';
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
import { EncoderPipeline, meanOf } from './encoder_base.js';
import type { Encoded } from './encoder_base.js';
import { callable } from './pipeline_base.js';
import { activations } from './scores.js';

const activationOf: Record<ModelInfo['problem_type'], ScoreFunction> = {
  single_label_classification: 'softmax',
  multi_label_classification: 'sigmoid',
  regression: 'none',
};

export function bestLabels(scores: Float32Array, labels: readonly string[], top_k: number): LabelScore[] {
  return Array.from(scores, (score, index) => ({ label: labels[index] ?? `LABEL_${index}`, score }))
    .sort((a, b) => b.score - a.score) // stable: equal scores stay in the order of id2label
    .slice(0, top_k);
}

class Classifier extends EncoderPipeline<ModelInfo> {
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
    yield* this.streamed(source, async (input, left) => {
      const [labels = []] = await this.#answer(checkInputs([input]), options, left);
      return options.top_k === 1 ? (labels[0] as LabelScore) : labels;
    });
  }

  async #answer(
    inputs: readonly TextInput[],
    options: CheckedClassificationOptions,
    left?: AbortSignal,
  ): Promise<LabelScore[][]> {
    const texts = await this.encoded(inputs, options, left);
    return texts.map((text) => this.#labelled(text, options));
  }

  #labelled({ windows, stats }: Encoded, options: CheckedClassificationOptions): LabelScore[] {
    const scores = meanOf(windows.map(activations[options.scoreFunction ?? activationOf[this.info.problem_type]]));
    const labels = bestLabels(scores, this.info.labels, options.top_k);
    return stats === undefined ? labels : labels.map((label) => ({ ...label, stats }));
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
