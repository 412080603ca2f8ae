// What `import … from 'latformer'` offers besides pipeline(), the same in browsers and Node.
export { LatformerError } from './errors.js';
export type { LatformerErrorCode } from './errors.js';
export type { Calibration, CalibrationOptions } from './types/adjustable.js';
export type {
  ClassificationInput,
  ClassificationOptions,
  ClassificationTask,
  LabelScore,
  LabelScoreWithStats,
  ModelInfo,
  Stats,
  TextClassificationPipeline,
  TextPair,
  TokenSpan,
} from './types/classification.js';
export type { ModelFileContent, ModelSource } from './types/model.js';
export type { PipelineFactory, PipelineOptions, ProgressInfo } from './types/pipeline.js';
