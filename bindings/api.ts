// What `import … from 'latformer'` offers besides pipeline(), the same in browsers and Node.
export { LatformerError } from './errors.js';
export type { LatformerErrorCode } from './errors.js';
export type { AdjustablePipeline, CallOptions, Calibration, CalibrationOptions } from './types/adjustable.js';
export type {
  ClassificationBatchResult,
  ClassificationInput,
  ClassificationOptions,
  ClassificationResult,
  ClassificationTask,
  LabelScore,
  LabelScoreWithStats,
  ModelInfo,
  Stats,
  Streamed,
  TextClassificationPipeline,
  TextPair,
  TokenSpan,
} from './types/classification.js';
export type {
  EmbeddingModelInfo,
  EmbeddingOptions,
  Embeddings,
  EmbeddingTask,
  FeatureExtractionPipeline,
  Pooling,
} from './types/embedding.js';
export type {
  ChatMessage,
  GeneratedText,
  GenerationInput,
  GenerationModelInfo,
  GenerationOptions,
  GenerationStats,
  GenerationTask,
  TextGenerationPipeline,
} from './types/generation.js';
export type {
  RankedDocument,
  RankingModelInfo,
  RankingOptions,
  RankingResult,
  RankingTask,
  TextRankingPipeline,
} from './types/ranking.js';
export type {
  ZeroShotClassificationPipeline,
  ZeroShotModelInfo,
  ZeroShotOptions,
  ZeroShotResult,
  ZeroShotTask,
} from './types/zero_shot.js';
export type {
  AggregationStrategy,
  ClassifiedGroup,
  ClassifiedToken,
  TokenClassificationOptions,
  TokenClassificationPipeline,
  TokenClassificationResult,
  TokenClassificationTask,
} from './types/token_classification.js';
export type {
  FilledMask,
  FillMaskModelInfo,
  FillMaskOptions,
  FillMaskPipeline,
  FillMaskTask,
} from './types/fill_mask.js';
export type {
  FoundAnswer,
  QuestionAnsweringOptions,
  QuestionAnsweringPipeline,
  QuestionAnsweringResult,
  QuestionAnsweringTask,
  QuestionInput,
} from './types/question_answering.js';
export type { CachedFile, CacheSize, DownloadCache, Environment } from './types/environment.js';
export type { BaseModelInfo, ModelFileContent, ModelSource } from './types/model.js';
export type {
  DtypeAlias,
  PipelineFactory,
  PipelineOptions,
  Pipelines,
  ProgressInfo,
  TokenizerFactory,
} from './types/pipeline.js';
export type { DecodeOptions, EncodedText, EncodeTextOptions, Tokenizer, TokenizerInfo } from './types/tokenizer.js';
