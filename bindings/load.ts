// A model folder -> the small files whole, the weights in parts, so that they are never whole in JavaScript's memory.
import type { SmallFiles } from './engine.js';
import { throwIfAborted } from './abort.js';
import { LatformerError } from './errors.js';
import type { ModelFile, ModelFolder } from './platform.js';
import type { ProgressInfo } from './types.js';

const weightsFile = 'model.safetensors';

export interface ModelReader {
  config(): Promise<Uint8Array>;
  /** All of them; `config` is what config() gave. */
  smallFiles(config: Promise<Uint8Array>): Promise<SmallFiles>;
  /** model.safetensors, to its end. */
  weights(take: (part: Uint8Array) => Promise<void>): Promise<void>;
}

export function readModel(
  folder: ModelFolder,
  progress: (info: ProgressInfo) => void,
  signal: AbortSignal | undefined,
): ModelReader {
  const { name } = folder;

  const open = async (file: string): Promise<ModelFile | undefined> => {
    throwIfAborted([signal]);
    progress({ status: 'initiate', name, file });
    const opened = await folder.open(file, signal);
    if (opened !== undefined) progress({ status: 'download', name, file });
    return opened;
  };

  const consume = async (
    file: string,
    { size, parts }: ModelFile,
    take: (part: Uint8Array) => Promise<void> | void,
  ): Promise<void> => {
    let loaded = 0;
    for await (const part of parts) {
      throwIfAborted([signal]);
      loaded += part.length; // before take(), which may pass the buffer on
      await take(part);
      const total = Math.max(size ?? 0, loaded);
      progress({ status: 'progress', name, file, loaded, total, progress: (100 * loaded) / total });
    }
    progress({ status: 'done', name, file });
  };

  /** A whole file; empty if there is none. */
  const read = async (file: string): Promise<Uint8Array> => {
    const opened = await open(file);
    const parts: Uint8Array[] = [];
    if (opened !== undefined) await consume(file, opened, (part) => void parts.push(part.slice()));
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  };

  const missing = (file: string): LatformerError =>
    new LatformerError('bad_model', `${file} is missing or empty in ${name}`);

  return {
    async config() {
      const config = await read('config.json');
      if (config.length === 0) throw missing('config.json');
      return config;
    },

    async smallFiles(reading) {
      const readWords = async (): Promise<Pick<SmallFiles, 'tokenizer' | 'vocab'>> => {
        const tokenizer = await read('tokenizer.json');
        const vocab = tokenizer.length === 0 ? await read('vocab.txt') : new Uint8Array();
        if (tokenizer.length + vocab.length === 0) throw missing('tokenizer.json (or vocab.txt)');
        return { tokenizer, vocab };
      };
      const [config, words, tokenizerConfig, profile] = await Promise.all([
        reading,
        readWords(),
        read('tokenizer_config.json'),
        read('profile.json'),
      ]);
      return { config, ...words, tokenizerConfig, profile };
    },

    async weights(take) {
      const weights = await open(weightsFile);
      if (weights === undefined) throw missing(weightsFile);
      await consume(weightsFile, weights, take);
    },
  };
}
