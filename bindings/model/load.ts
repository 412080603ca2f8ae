// A model folder -> the small files whole, the weights in parts, so that they are never whole in JavaScript's memory.
import { throwIfAborted } from '../abort.js';
import type { SmallFiles } from '../engine.js';
import { LatformerError } from '../errors.js';
import type { ProgressInfo } from '../types/pipeline.js';
import type { ModelFile, ModelFolder } from './folder.js';
import { configFile, optionalFiles, vocabularyFiles, weightsFile } from './names.js';

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
      const config = await read(configFile);
      if (config.length === 0) throw missing(configFile);
      return config;
    },

    async smallFiles(config) {
      const readVocabulary = async (): Promise<[string, Uint8Array]> => {
        for (const name of vocabularyFiles) {
          const bytes = await read(name);
          if (bytes.length > 0) return [name, bytes];
        }
        const [first, ...others] = vocabularyFiles;
        throw missing(`${first} (or ${others.join(', ')})`);
      };
      const readEach = async (name: string): Promise<[string, Uint8Array]> => [name, await read(name)];
      const files = await Promise.all([
        config.then((bytes): [string, Uint8Array] => [configFile, bytes]),
        readVocabulary(),
        ...optionalFiles.map(readEach),
      ]);
      return new Map(files.filter(([, bytes]) => bytes.length > 0));
    },

    async weights(take) {
      const weights = await open(weightsFile);
      if (weights === undefined) throw missing(weightsFile);
      await consume(weightsFile, weights, take);
    },
  };
}
