// The tasks that pipeline() knows: a line each.
import { show } from '../arguments/values.js';
import type { Engine, Kind, LoadedModel, SmallFiles } from '../engine.js';
import { LatformerError } from '../errors.js';
import { chatTemplateOf } from '../model/generation_files.js';
import type { Calibrator } from '../time/calibration.js';
import type { ModelInfo } from '../types/classification.js';
import type { EmbeddingModelInfo } from '../types/embedding.js';
import type { FillMaskModelInfo } from '../types/fill_mask.js';
import type { GenerationModelInfo } from '../types/generation.js';
import type { BaseModelInfo, StartInfo } from '../types/model.js';
import type { Pipelines } from '../types/pipeline.js';
import type { RankingModelInfo } from '../types/ranking.js';
import type { ZeroShotModelInfo } from '../types/zero_shot.js';
import { textClassificationPipeline } from './classification.js';
import { featureExtractionPipeline } from './embedding.js';
import { fillMaskPipeline } from './fill_mask.js';
import { textGenerationPipeline } from './generation.js';
import { kinds } from './kinds.js';
import { questionAnsweringPipeline } from './question_answering.js';
import { rankingInfoOf, textRankingPipeline } from './ranking.js';
import { tokenClassificationPipeline } from './token_classification.js';
import { zeroShotClassificationPipeline, zeroShotInfoOf } from './zero_shot.js';

/** What the core says of a model, and what is known besides. */
interface Loaded {
  engine: Engine;
  files: SmallFiles;
  info: BaseModelInfo;
  calibrator: Calibrator;
  /** Of PipelineOptions. */
  maxPending: number;
}

interface TaskEntry<Name extends keyof Pipelines> {
  /** Whether the package has a model for it. */
  bundled: boolean;
  infoOf(model: LoadedModel & StartInfo, files: SmallFiles): BaseModelInfo;
  create(loaded: Loaded, name: Name): Pipelines[Name];
}

const classification: TaskEntry<'sentiment-analysis' | 'text-classification'> = {
  bundled: true,
  infoOf: (model) => model,
  create: ({ engine, info, calibrator, maxPending }, name) =>
    textClassificationPipeline(engine, info as ModelInfo, name, calibrator, maxPending),
};

const ranking: TaskEntry<'text-ranking'> = {
  bundled: false,
  infoOf: (model, files) => rankingInfoOf(model as ModelInfo, files),
  create: ({ engine, info, calibrator, maxPending }, name) =>
    textRankingPipeline(engine, info as RankingModelInfo, name, calibrator, maxPending),
};

const zeroShot: TaskEntry<'zero-shot-classification'> = {
  bundled: false,
  infoOf: (model) => zeroShotInfoOf(model as ModelInfo),
  create: ({ engine, info, calibrator, maxPending }, name) =>
    zeroShotClassificationPipeline(engine, info as ZeroShotModelInfo, name, calibrator, maxPending),
};

const tokenClassification: TaskEntry<'token-classification' | 'ner'> = {
  bundled: false,
  infoOf: (model) => model,
  create: ({ engine, info, calibrator, maxPending }, name) =>
    tokenClassificationPipeline(engine, info as ModelInfo, name, calibrator, maxPending),
};

const fillMask: TaskEntry<'fill-mask'> = {
  bundled: false,
  infoOf: (model) => model,
  create: ({ engine, info, calibrator, maxPending }, name) =>
    fillMaskPipeline(engine, info as FillMaskModelInfo, name, calibrator, maxPending),
};

const questionAnswering: TaskEntry<'question-answering'> = {
  bundled: false,
  infoOf: (model) => model,
  create: ({ engine, info, calibrator, maxPending }, name) =>
    questionAnsweringPipeline(engine, info, name, calibrator, maxPending),
};

const embedding: TaskEntry<'feature-extraction'> = {
  bundled: false,
  infoOf: (model) => model,
  create: ({ engine, info, calibrator, maxPending }, name) =>
    featureExtractionPipeline(engine, info as EmbeddingModelInfo, name, calibrator, maxPending),
};

const generation: TaskEntry<'text-generation'> = {
  bundled: false,
  infoOf: (model, files): BaseModelInfo & Pick<GenerationModelInfo, 'has_chat_template'> => ({
    ...model,
    has_chat_template: chatTemplateOf(files) !== undefined,
  }),
  create: ({ engine, info, calibrator, files, maxPending }, name) =>
    textGenerationPipeline(engine, info as GenerationModelInfo, name, calibrator, files, maxPending),
};

const tasks = {
  'sentiment-analysis': classification,
  'text-classification': classification,
  'zero-shot-classification': zeroShot,
  'text-ranking': ranking,
  'token-classification': tokenClassification,
  ner: tokenClassification,
  'fill-mask': fillMask,
  'question-answering': questionAnswering,
  'feature-extraction': embedding,
  'text-generation': generation,
} satisfies { [Name in keyof Pipelines]: unknown };

export interface Task extends Omit<TaskEntry<never>, 'create'> {
  name: keyof Pipelines;
  kind: Kind;
  create(loaded: Loaded): Pipelines[keyof Pipelines];
}

const isTask = (name: string): name is keyof Pipelines => Object.hasOwn(tasks, name);

export function taskNamed(name: unknown): Task {
  if (typeof name !== 'string') throw new TypeError(`task must be a string, not ${show(name)}`);
  if (!isTask(name)) {
    const known = Object.keys(tasks).map((each) => `'${each}'`);
    const list = `${known.slice(0, -1).join(', ')} and ${known.at(-1)}`;
    throw new LatformerError('unsupported_task', `the task ${show(name)} is not supported; ${list} are`);
  }
  const entry = tasks[name];
  return { ...entry, name, kind: kinds[name], create: (loaded) => entry.create(loaded, name as never) };
}
