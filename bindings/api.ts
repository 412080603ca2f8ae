// What `import … from 'latformer'` offers besides pipeline(), the same in browsers and Node.
export { LatformerError } from './errors.js';
export type { LatformerErrorCode } from './errors.js';
export type {
  Calibration,
  CalibrationOptions,
  ClassificationInput,
  ClassificationOptions,
  ClassificationTask,
  LabelScore,
  LabelScoreWithStats,
  ModelFileContent,
  ModelInfo,
  ModelSource,
  PipelineFactory,
  PipelineOptions,
  ProgressInfo,
  Stats,
  TextClassificationPipeline,
  TextPair,
  TokenSpan,
} from './types.js';
