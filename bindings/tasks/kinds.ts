// What a model is opened for, by the task.
import type { Kind } from '../engine.js';
import type { Pipelines } from '../types/pipeline.js';

export const kinds = {
  'sentiment-analysis': 'classification',
  'text-classification': 'classification',
  'zero-shot-classification': 'classification',
  'text-ranking': 'ranking',
  'token-classification': 'tokens',
  ner: 'tokens',
  'fill-mask': 'mask',
  'question-answering': 'question',
  'feature-extraction': 'embedding',
  'text-generation': 'generation',
} as const satisfies { [Name in keyof Pipelines]: Kind };
