// What a zero-shot classifier is given.
import { withoutAliases } from './aliases.js';
import { checkEncoderOptions, checkTexts, pairOptions } from './encoder.js';
import type { CheckedEncoderOptions } from './encoder.js';
import type { SpeedDefaults } from './speed.js';
import { boolean, fieldsOf, isArray, show, text } from './values.js';

export interface CheckedZeroShotOptions extends CheckedEncoderOptions {
  template: string;
  multiLabel: boolean;
}

const place = '{}';

function checkTemplate(value: unknown): string {
  const template = text(value, 'hypothesis_template');
  if (template.split(place).length === 2) return template;
  throw new RangeError(`hypothesis_template must have {} once, where the label is to stand; it is ${show(value)}`);
}

export function checkZeroShotOptions(value: unknown, defaults: SpeedDefaults): CheckedZeroShotOptions {
  const given = fieldsOf(withoutAliases(value), 'options', ['hypothesis_template', 'multi_label', ...pairOptions]);
  return {
    ...checkEncoderOptions(given, defaults),
    template: checkTemplate(given.get('hypothesis_template') ?? 'This example is {}.'),
    multiLabel: given.has('multi_label') && boolean(given.get('multi_label'), 'multi_label'),
  };
}

export function checkCandidates(value: unknown): string[] {
  const labels = isArray(value)
    ? checkTexts(value, 'candidate label')
    : text(value, 'candidate_labels')
        .split(',')
        .map((label) => label.trim())
        .filter((label) => label !== '');
  if (labels.length > 0) return labels;
  throw new RangeError('candidate_labels must name a label at least');
}

export const hypothesisOf = (template: string, label: string): string => template.replace(place, () => label);
