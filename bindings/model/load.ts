// A model folder -> the small files whole, the weights in parts, so that they are never whole in JavaScript's memory.
import { throwIfAborted } from '../abort.js';
import type { Kind, SmallFiles } from '../engine.js';
import { LatformerError } from '../errors.js';
import type { ProgressInfo } from '../types/pipeline.js';
import { Refused } from './folder.js';
import type { ModelFolder } from './folder.js';
import { integrityOf } from './integrity.js';
import type { Integrity } from './integrity.js';
import {
  companionsOf,
  configFile,
  isWeights,
  limitOf,
  optionalFiles,
  tokenizerConfigFile,
  vocabularyFiles,
  vocabularyInWords,
  weightsFile,
  weightsIndexFile,
} from './names.js';
import { oddContent } from './recognise.js';
import type { StartHash } from './sha256.js';
import { mergedShards, parseIndex } from './shards.js';

export interface ModelReader {
  config(): Promise<Uint8Array>;
  /** All of them; `config` is what config() gave. */
  smallFiles(kind: Kind, config: Promise<Uint8Array>): Promise<SmallFiles>;
  /** Those that a tokenizer alone needs. */
  tokenizer(): Promise<SmallFiles>;
  /**
   * model.safetensors, or the files that it was cut into, to its end. `wants` is asked before the first byte whether they are
   * to be read at all; `origin` says which content they have, where that is known.
   */
  weights(take: (part: Uint8Array) => Promise<void>, wants?: Wants): Promise<void>;
}

type Wants = (origin: string | undefined) => Promise<boolean>;

const isMissing = 'is missing, but integrity says that it is there';

type NamedFile = [name: string, bytes: Uint8Array];

export function readModel(
  folder: ModelFolder,
  progress: (info: ProgressInfo) => void,
  signal: AbortSignal | undefined,
  integrity: Integrity,
  startHash: StartHash,
): ModelReader {
  const { name } = folder;

  const asked = new Set<string>(); // files, of this folder

  const bad = (file: string, what: string) => new LatformerError('bad_model', `${file} in ${name} ${what}`);

  /** The parts of a file, which is closed on every way out. Ends with whether there is such a file. */
  async function* parts(file: string, limit = Infinity, wants?: Wants): AsyncGenerator<Uint8Array, boolean> {
    const check = (size: number): void => {
      if (size <= limit) return;
      throw bad(file, `is larger than ${limit / 2 ** 20} MiB`);
    };
    throwIfAborted([signal]);
    asked.add(file);
    progress({ status: 'initiate', name, file });
    const given = integrity.get(file);
    const opened = await folder.open(file, signal);
    if (opened === undefined) {
      if (given) throw bad(file, isMissing);
      progress({ status: 'done', name, file, absent: true });
      return false;
    }
    try {
      if (given === null) throw bad(file, 'is there, but integrity says that there is none');
      throwIfAborted([signal]);
      progress({ status: 'download', name, file });
      const { size = 0 } = opened;
      const expected = given ?? (opened.hash === undefined ? undefined : [opened.hash]);
      const hasher = expected && startHash(opened.size);
      check(size);
      if (wants) {
        const content = opened.hash ?? opened.identity;
        // With the hashes, which whoever reads it holds it against.
        if (!(await wants(content && [content, ...(given ?? [])].join(' ')))) {
          progress({ status: 'progress', name, file, loaded: size, total: size, progress: 100 });
          progress({ status: 'done', name, file });
          return true;
        }
      }
      let loaded = 0;
      for await (const part of opened.parts) {
        throwIfAborted([signal]);
        const odd = loaded === 0 ? oddContent(file, part) : undefined;
        if (odd !== undefined) {
          await opened.discard?.();
          throw bad(file, `cannot be read: ${odd}`);
        }
        loaded += part.length; // before it is given away
        check(loaded);
        hasher?.update(part);
        yield part;
        const total = Math.max(size, loaded);
        progress({ status: 'progress', name, file, loaded, total, progress: (100 * loaded) / total });
      }
      const hash = hasher && integrityOf(await hasher.digest());
      if (hash !== undefined && expected?.includes(hash) !== true) {
        await opened.discard?.();
        throw bad(file, `is not what it should be: its hash is ${hash}, not ${expected?.join(' or ')}`);
      }
      progress({ status: 'done', name, file });
      return true;
    } finally {
      await opened.close();
    }
  }

  /** Gives all parts to `take`, and then what they end with. */
  const drain = async <End>(
    source: AsyncGenerator<Uint8Array, End>,
    take: (part: Uint8Array) => Promise<void> | void,
  ): Promise<End> => {
    try {
      for (;;) {
        const next = await source.next();
        if (next.done === true) return next.value;
        await take(next.value);
      }
    } finally {
      await source.return(undefined as End);
    }
  };

  /** A whole file; empty if there is none. */
  const read = async (file: string): Promise<Uint8Array> => {
    const pieces: Uint8Array[] = [];
    await drain(parts(file, limitOf(file)), (part) => void pieces.push(part.slice()));
    const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  };

  /** The same of a file that need not be there; buckets answer 403 for what they do not have. */
  const readIfThere = async (file: string): Promise<Uint8Array> => {
    try {
      return await read(file);
    } catch (error) {
      if (!(error instanceof Refused && error.status === 403) || integrity.get(file)) throw error;
      progress({ status: 'done', name, file, absent: true });
      return new Uint8Array();
    }
  };

  /** Weights have names of their own, so that a misspelt one is told by there being no such file. */
  const checkUnread = async (): Promise<void> => {
    for (const [file, given] of integrity) {
      if (!given || asked.has(file) || !isWeights(file)) continue;
      const opened = await folder.open(file, signal);
      if (opened === undefined) throw bad(file, isMissing);
      await opened.close();
    }
  };

  const missing = async (file: string): Promise<LatformerError> => {
    // Where the script that knows is not to be had, the error says less.
    const { whyMissing } = await import('./missing.js').catch(() => ({ whyMissing: () => undefined }));
    const why = await whyMissing(folder, file);
    return new LatformerError(
      'bad_model',
      `${file} is missing or empty in ${name}${why === undefined ? '' : `: ${why}`}`,
    );
  };

  const readNamed = async (file: string): Promise<NamedFile> => [file, await readIfThere(file)];

  /** `before` is waited for where there is none. */
  const readVocabulary = async (before?: Promise<unknown>): Promise<NamedFile[]> => {
    for (const file of vocabularyFiles) {
      const bytes = await readIfThere(file);
      if (bytes.length > 0) return [[file, bytes], ...(await Promise.all(companionsOf[file].map(readNamed)))];
    }
    await before;
    throw await missing(vocabularyInWords);
  };

  const gathered = (files: NamedFile[]): SmallFiles => new Map(files.filter(([, bytes]) => bytes.length > 0));

  return {
    async config() {
      const config = await read(configFile);
      if (config.length === 0) throw await missing(configFile);
      return config;
    },

    async smallFiles(kind, config) {
      const [vocabulary, ...files] = await Promise.all([
        readVocabulary(config), // where config.json is missing too, it is the one to name
        config.then((bytes): NamedFile => [configFile, bytes]),
        ...optionalFiles[kind].map(readNamed),
      ]);
      return gathered([...files, ...vocabulary]);
    },

    async tokenizer() {
      const beside = [configFile, tokenizerConfigFile].map(readNamed);
      const [vocabulary, ...files] = await Promise.all([readVocabulary(), ...beside]);
      return gathered([...files, ...vocabulary]);
    },

    async weights(take, wants) {
      if (await drain(parts(weightsFile, Infinity, wants), take)) return checkUnread();
      await wants?.(undefined);
      const index = await readIfThere(weightsIndexFile);
      if (index.length === 0) throw await missing(weightsFile);
      await drain(mergedShards(parseIndex(weightsIndexFile, index), parts), take);
      await checkUnread();
    },
  };
}
