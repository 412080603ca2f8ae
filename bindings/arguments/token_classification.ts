// What a token classifier is given.
import type { AggregationStrategy } from '../types/token_classification.js';
import { withoutAliases } from './aliases.js';
import { checkEncoderOptions, checkTexts, encoderOptions } from './encoder.js';
import type { CheckedEncoderOptions } from './encoder.js';
import type { SpeedDefaults } from './speed.js';
import { fieldsOf, isArray, oneOf, show } from './values.js';

export interface CheckedTokenOptions extends CheckedEncoderOptions {
  strategy: AggregationStrategy;
  ignored: readonly string[];
}

const strategies = ['none', 'simple', 'first', 'average', 'max'] as const;

export function checkTokenOptions(value: unknown, defaults: SpeedDefaults): CheckedTokenOptions {
  const given = fieldsOf(withoutAliases(value), 'options', [
    'aggregation_strategy',
    'ignore_labels',
    ...encoderOptions,
  ]);
  const options = checkEncoderOptions(given, defaults);
  const strategy = oneOf(given.get('aggregation_strategy') ?? 'none', 'aggregation_strategy', strategies);
  if (options.windows && strategy === 'none') {
    throw new TypeError("long_text: 'windows' needs an aggregation_strategy: windows share tokens");
  }
  const ignored = given.get('ignore_labels') ?? ['O'];
  if (!isArray(ignored)) throw new TypeError(`ignore_labels must be an array of strings, not ${show(ignored)}`);
  return { ...options, strategy, ignored: checkTexts(ignored, 'ignored label') };
}
