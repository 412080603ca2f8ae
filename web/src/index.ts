// The browser entry.
import { bundledModel } from '../../bindings/model/bundled.js';
import type { PipelineFactory } from '../../bindings/types/pipeline.js';
import { pipelineWith } from './platform.js';

export type * from '../../bindings/api.js';
export { LatformerError, env } from './platform.js';

/**
 * Loads a model and gives a function that classifies with it.
 * `const classify = await pipeline('sentiment-analysis'); await classify('A joy.')`
 */
export const pipeline: PipelineFactory = pipelineWith(bundledModel);
