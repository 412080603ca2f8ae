// What text generation takes from a model's small files on this side: defaults of options, and the template of conversations.
// All else the core reads.
import type { SmallFiles } from '../engine.js';
import { LatformerError } from '../errors.js';
import { isObject, objectIn, textOf } from './json.js';
import type { Json } from './json.js';
import { chatTemplateFile, generationConfigFile, tokenizerConfigFile } from './names.js';

export const generationConfigOf = (files: SmallFiles): Json => objectIn(files, generationConfigFile);

export interface ChatTemplate {
  template: string;
  /** bos_token, eos_token, pad_token, unk_token, where there are some. */
  tokens: Record<string, string>;
}

/** Undefined if the model has none. */
export function chatTemplateOf(files: SmallFiles): ChatTemplate | undefined {
  const config = objectIn(files, tokenizerConfigFile);
  const template = textOf(files, chatTemplateFile) ?? defaultTemplate(config['chat_template']);
  if (template === undefined) return undefined;
  const tokens: Record<string, string> = {};
  for (const name of ['bos_token', 'eos_token', 'pad_token', 'unk_token']) {
    const token = config[name];
    const text = isObject(token) ? token['content'] : token; // an AddedToken, or its text
    if (typeof text === 'string') tokens[name] = text;
  }
  return { template, tokens };
}

/** One template, or the one named 'default' of several. */
function defaultTemplate(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  const named: unknown = Array.isArray(value)
    ? value.find((each) => isObject(each) && each['name'] === 'default')
    : undefined;
  if (isObject(named) && typeof named['template'] === 'string') return named['template'];
  throw new LatformerError(
    'bad_model',
    `${tokenizerConfigFile}: chat_template must be a string, or a list with one named 'default'`,
  );
}
