// The browser entry.
import { bundledModel } from '../../bindings/model/bundled.js';
import type { PipelineFactory, TokenizerFactory } from '../../bindings/types/pipeline.js';
import { loadersWith } from './platform.js';

export type * from '../../bindings/api.js';
export { LatformerError, env } from './platform.js';

const loaders = loadersWith(bundledModel);

/**
 * Loads a model and gives a function that classifies with it.
 * `const classify = await pipeline('sentiment-analysis'); await classify('A joy.')`
 */
export const pipeline: PipelineFactory = loaders.pipeline;

/** Loads a tokenizer. `const tokenizer = await loadTokenizer('/my-model'); await tokenizer.encode('A joy.')` */
export const loadTokenizer: TokenizerFactory = loaders.loadTokenizer;
