// What a masked language model is given.
import { withoutAliases } from './aliases.js';
import { checkEncoderOptions, checkTopK, pairOptions } from './encoder.js';
import type { CheckedEncoderOptions } from './encoder.js';
import type { SpeedDefaults } from './speed.js';
import { fieldsOf } from './values.js';

export interface CheckedFillMaskOptions extends CheckedEncoderOptions {
  top_k: number; // Infinity for all
}

export function checkFillMaskOptions(value: unknown, defaults: SpeedDefaults): CheckedFillMaskOptions {
  const given = fieldsOf(withoutAliases(value), 'options', ['top_k', ...pairOptions]);
  return { ...checkEncoderOptions(given, defaults), top_k: given.has('top_k') ? checkTopK(given.get('top_k')) : 5 };
}
