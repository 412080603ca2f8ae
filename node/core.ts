// The Node entry without the bundled model: latformer/core.
import type { PipelineFactory } from '../bindings/types/pipeline.js';
import { pipelineWith } from './platform.js';

export type * from '../bindings/api.js';
export { LatformerError, env } from './platform.js';

/** As that of 'latformer', for models that are named. */
export const pipeline: PipelineFactory = pipelineWith();
