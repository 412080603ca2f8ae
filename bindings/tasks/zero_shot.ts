// Zero-shot classification: the callable that pipeline('zero-shot-classification') resolves to. A model of natural language
// inference says of each label whether the text entails it.
//
//   one of many    softmax over the labels of their logits of entailment
//   multi_label    of each label: softmax over its logits of contradiction and entailment
import { checkTexts, inputOf } from '../arguments/encoder.js';
import { isArray } from '../arguments/values.js';
import { checkCandidates, checkZeroShotOptions, hypothesisOf } from '../arguments/zero_shot.js';
import type { CheckedZeroShotOptions } from '../arguments/zero_shot.js';
import type { Engine } from '../engine.js';
import { LatformerError } from '../errors.js';
import type { Calibrator } from '../time/calibration.js';
import type { ModelInfo, Stats } from '../types/classification.js';
import type {
  ZeroShotClassificationPipeline,
  ZeroShotModelInfo,
  ZeroShotOptions,
  ZeroShotResult,
  ZeroShotTask,
} from '../types/zero_shot.js';
import { EncoderPipeline } from './encoder_base.js';
import { callable } from './pipeline_base.js';
import { activations } from './scores.js';

export function zeroShotInfoOf(model: ModelInfo): ZeroShotModelInfo {
  const { labels } = model;
  const entailment_id = labels.findIndex((label) => label.toLowerCase().startsWith('entail'));
  if (entailment_id >= 0 && labels.length > 1) return { ...model, entailment_id };
  const which = labels.slice(0, 8).join(', ');
  const message = `zero-shot-classification needs a label 'entailment' among others in config.json; there are ${which}`;
  throw new LatformerError('unsupported_model', message);
}

class ZeroShotClassifier extends EncoderPipeline<ZeroShotModelInfo> {
  async classify(
    texts: string | readonly string[],
    candidates: string | readonly string[],
    given?: ZeroShotOptions,
  ): Promise<ZeroShotResult | ZeroShotResult[]> {
    const options = checkZeroShotOptions(given, this.speedDefaults);
    const labels = checkCandidates(candidates);
    const checked = checkTexts(texts, 'text');
    const answers = await this.admitted(() => Promise.all(checked.map((text) => this.#answer(text, labels, options))));
    return isArray(texts) ? answers : (answers[0] as ZeroShotResult);
  }

  async #answer(
    sequence: string,
    candidates: readonly string[],
    { template, multiLabel, ...options }: CheckedZeroShotOptions,
  ): Promise<ZeroShotResult> {
    const inputs = candidates.map((label) => inputOf(sequence, hypothesisOf(template, label)));
    const encoded = await this.encoded(inputs, { ...options, together: true });
    const scores = this.#scores(
      encoded.map(({ windows }) => windows[0] as Float32Array),
      multiLabel || candidates.length === 1,
    );
    const order = Array.from(candidates.keys()).sort((a, b) => (scores[b] as number) - (scores[a] as number));
    return {
      sequence,
      labels: order.map((index) => candidates[index] as string),
      scores: order.map((index) => scores[index] as number),
      ...(options.stats && { stats: order.map((index) => encoded[index]?.stats as Stats) }),
    };
  }

  #scores(logits: readonly Float32Array[], isEachByItself: boolean): Float32Array {
    const { entailment_id, labels } = this.info;
    const entailed = Float32Array.from(logits, (of) => of[entailment_id] as number);
    if (!isEachByItself) return activations.softmax(entailed);
    const contradiction = entailment_id === 0 ? labels.length - 1 : 0; // as transformers has it
    return entailed.map((logit, index) => {
      const against = logits[index]?.[contradiction] as number;
      return activations.softmax(Float32Array.of(logit, against))[0] as number;
    });
  }
}

export function zeroShotClassificationPipeline(
  engine: Engine,
  info: ZeroShotModelInfo,
  task: ZeroShotTask,
  calibrator: Calibrator,
  maxPending: number,
): ZeroShotClassificationPipeline {
  const classifier = new ZeroShotClassifier(engine, info, calibrator, maxPending);
  const classify = (texts: string, candidates: string | readonly string[], options?: ZeroShotOptions) =>
    classifier.classify(texts, candidates, options);
  return callable(classify, classifier, { task }) as unknown as ZeroShotClassificationPipeline;
}
