// The files of the model that comes with the package. The small ones are part of the script: they need no request, and
// no bundler mistakes them for source code.
import config from '../../models/sentiment/config.json';
import integrity from '../../models/sentiment/integrity.json';
import profile from '../../models/sentiment/profile.json';
import tokenizerConfig from '../../models/sentiment/tokenizer_config.json';
import { folderOfFiles } from './files.js';
import type { ModelFolder, OpenUrl } from './folder.js';

/** `vocabulary` and `weights` are where these two lie; they are checked against their hashes. */
export function bundledFolder(vocabulary: URL, weights: URL, openUrl: OpenUrl): ModelFolder {
  const text = new TextEncoder();
  const files = new Map<string, Uint8Array | URL>([
    ['config.json', text.encode(config)],
    ['tokenizer_config.json', text.encode(tokenizerConfig)],
    ['profile.json', text.encode(profile)],
    ['vocab.txt', vocabulary],
    ['model.safetensors', weights],
  ]);
  const hashes = Object.entries(JSON.parse(integrity) as Record<string, string>);
  const checked = new Map(hashes.map(([file, hash]) => [file, [hash]] as const));
  return folderOfFiles('the bundled sentiment model', files, openUrl, checked);
}
