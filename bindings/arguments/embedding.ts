// What an embedder is given.
import type { EmbeddingModelInfo, Pooling } from '../types/embedding.js';
import { withoutAliases } from './aliases.js';
import { checkEncoderOptions, encoderOptions } from './encoder.js';
import type { CheckedEncoderOptions } from './encoder.js';
import type { SpeedDefaults } from './speed.js';
import { boolean, fieldsOf, oneOf, show } from './values.js';

export interface CheckedEmbeddingOptions extends CheckedEncoderOptions {
  pooling: Pooling;
  normalize: boolean;
  prompt: string;
}

function checkPrompt(name: unknown, prompts: EmbeddingModelInfo['prompts']): string {
  if (name === null) return '';
  if (typeof name === 'string' && Object.hasOwn(prompts, name)) return prompts[name] ?? '';
  const known = Object.keys(prompts).map((each) => show(each));
  const which = known.length === 0 ? 'this model has none' : `this model has ${known.join(', ')}`;
  throw new TypeError(`prompt_name must be one of the model's prompts, not ${show(name)}; ${which}`);
}

export function checkEmbeddingOptions(
  value: unknown,
  defaults: SpeedDefaults,
  info: EmbeddingModelInfo,
): CheckedEmbeddingOptions {
  const known = ['pooling', 'normalize', 'prompt_name', ...encoderOptions];
  const given = fieldsOf(withoutAliases(value), 'options', known);
  const options = checkEncoderOptions(given, defaults);
  const asked = given.get('pooling') ?? info.pooling;
  const pooling = oneOf(asked === 'first_token' ? 'cls' : asked, 'pooling', ['mean', 'cls', 'none']);
  if (pooling === 'none' && (options.speedup !== 1 || options.budget !== undefined)) {
    throw new RangeError("the vectors of all tokens (pooling: 'none') are there at speedup 1 only; choose a pooling");
  }
  if (pooling === 'none' && options.windows) {
    throw new TypeError("long_text: 'windows' needs a pooling: windows share tokens");
  }
  const prompt_name = given.has('prompt_name') ? given.get('prompt_name') : info.default_prompt_name;
  return {
    ...options,
    pooling,
    normalize:
      (given.get('normalize') ?? null) === null ? info.normalize : boolean(given.get('normalize'), 'normalize'),
    prompt: checkPrompt(prompt_name, info.prompts),
  };
}
