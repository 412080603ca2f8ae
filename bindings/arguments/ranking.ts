// What a ranker is given.
import type { ScoreFunction } from '../choices.js';
import { withoutAliases } from './aliases.js';
import { checkEncoderOptions, checkTexts, checkTopK, pairOptions } from './encoder.js';
import type { CheckedEncoderOptions } from './encoder.js';
import type { SpeedDefaults } from './speed.js';
import { boolean, fieldsOf, isArray, oneOf, show } from './values.js';

export interface CheckedRankingOptions extends CheckedEncoderOptions {
  top_k: number; // Infinity for all
  returnDocuments: boolean;
  scoreFunction: ScoreFunction | undefined; // undefined: the model's own
}

export function checkRankingOptions(value: unknown, defaults: SpeedDefaults): CheckedRankingOptions {
  const given = fieldsOf(withoutAliases(value), 'options', [
    'top_k',
    'return_documents',
    'function_to_apply',
    ...pairOptions,
  ]);
  const scoring = given.get('function_to_apply') ?? undefined;
  return {
    ...checkEncoderOptions(given, defaults),
    top_k: checkTopK(given.get('top_k') ?? null),
    returnDocuments: given.has('return_documents') && boolean(given.get('return_documents'), 'return_documents'),
    scoreFunction:
      scoring === undefined ? undefined : oneOf<'sigmoid' | 'none'>(scoring, 'function_to_apply', ['sigmoid', 'none']),
  };
}

export function checkDocuments(value: unknown): string[] {
  if (isArray(value)) return checkTexts(value, 'document');
  throw new TypeError(`documents must be an array of strings, not ${show(value)}`);
}
