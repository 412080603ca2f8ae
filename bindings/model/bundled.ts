// The model that comes with the package, @latformer/sentiment. Its small files are part of the script: they need no request, and
// no bundler mistakes them for source code. Of the others it has the hashes, so that no other version can take their place.
import config from '../../models/sentiment/config.json';
import integrity from '../../models/sentiment/integrity.json';
import profile from '../../models/sentiment/profile.json';
import tokenizerConfig from '../../models/sentiment/tokenizer_config.json';
import type { Integrity } from './integrity.js';

/** Of which latformer/core has none. */
export interface BundledModel {
  name: string;
  files: ReadonlyMap<string, Uint8Array>;
  integrity: Integrity;
  /** Where the others lie, as a bundler or Node has it; rejects where nobody knows packages by their names. */
  locate(): Promise<LargeFiles>;
}

export interface LargeFiles {
  vocabulary: URL;
  weights: URL;
}

const text = new TextEncoder();

export const bundledModel: BundledModel = {
  name: 'the bundled sentiment model',
  files: new Map([
    ['config.json', text.encode(config)],
    ['tokenizer_config.json', text.encode(tokenizerConfig)],
    ['profile.json', text.encode(profile)],
  ]),
  integrity: new Map(
    Object.entries(JSON.parse(integrity) as Record<string, string>).map(([file, hash]) => [file, [hash]] as const),
  ),
  locate: () => import('@latformer/sentiment'),
};
