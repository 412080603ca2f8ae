// The Node entry without the bundled model: latformer/core.
import type { PipelineFactory, TokenizerFactory } from '../bindings/types/pipeline.js';
import { loadersWith } from './platform.js';

export type * from '../bindings/api.js';
export { LatformerError, env } from './platform.js';

const loaders = loadersWith();

/** As that of 'latformer', for models that are named. */
export const pipeline: PipelineFactory = loaders.pipeline;

/** Loads a tokenizer. `const tokenizer = await loadTokenizer('./my-model'); await tokenizer.encode('A joy.')` */
export const loadTokenizer: TokenizerFactory = loaders.loadTokenizer;
