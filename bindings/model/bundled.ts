// The files of the model that comes with the package. The small ones are part of the script: they need no request, and
// no bundler mistakes them for source code.
import config from '../../models/sentiment/config.json';
import profile from '../../models/sentiment/profile.json';
import tokenizerConfig from '../../models/sentiment/tokenizer_config.json';

export const bundledName = 'the bundled sentiment model';

/** By name; `vocabulary` and `weights` are where these two lie. */
export function bundledFiles(vocabulary: URL, weights: URL): Map<string, Uint8Array | URL> {
  const text = new TextEncoder();
  return new Map<string, Uint8Array | URL>([
    ['config.json', text.encode(config)],
    ['tokenizer_config.json', text.encode(tokenizerConfig)],
    ['profile.json', text.encode(profile)],
    ['vocab.txt', vocabulary],
    ['model.safetensors', weights],
  ]);
}
