// A model folder -> the small files whole, the weights in parts, so that they are never whole in JavaScript's memory.
import { throwIfAborted } from '../abort.js';
import type { Kind, SmallFiles } from '../engine.js';
import { LatformerError } from '../errors.js';
import type { Progress } from '../progress.js';
import { Refused } from './folder.js';
import type { ModelFile, ModelFolder } from './folder.js';
import { integrityOf } from './integrity.js';
import type { Integrity } from './integrity.js';
import {
  addedTokens,
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
   * Asks for the weights once `config` is there. Their size is known then, and their first bytes are on the way while the
   * small files are read.
   */
  askForWeights(config: Promise<Uint8Array>): void;
  /**
   * model.safetensors, or the files that it was cut into, to its end. `wants` is asked before the first byte whether they are
   * to be read at all; `origin` says which content they have, where that is known.
   */
  weights(take: (part: Uint8Array) => Promise<void>, wants?: Wants): Promise<void>;
  /** Gives back what was asked for and not read. */
  close(): void;
}

type Wants = (origin: string | undefined) => Promise<boolean>;

const isMissing = 'is missing, but integrity says that it is there';

type NamedFile = [name: string, bytes: Uint8Array];

export function readModel(
  folder: ModelFolder,
  progress: Progress,
  signal: AbortSignal | undefined,
  integrity: Integrity,
  startHash: StartHash,
): ModelReader {
  const { name } = folder;
  const { tell } = progress;

  const asked = new Set<string>(); // files, of this folder
  const told = new Map<string, number>(); // how far each was; one that is opened again begins anew, and is told of from there on

  const bad = (file: string, what: string) => new LatformerError('bad_model', `${file} in ${name} ${what}`);

  const checkSize = (file: string, size: number, limit: number): void => {
    if (size > limit) throw bad(file, `is larger than ${limit / 2 ** 20} MiB`);
  };

  /** Undefined if there is no such file. */
  const open = async (file: string, limit = Infinity): Promise<ModelFile | undefined> => {
    throwIfAborted([signal]);
    const isFirst = !asked.has(file);
    asked.add(file);
    if (isFirst) tell({ status: 'initiate', name, file });
    const given = integrity.get(file);
    const opened = await folder.open(file, signal);
    if (opened === undefined) {
      if (given) throw bad(file, isMissing);
      tell({ status: 'done', name, file, absent: true });
      return undefined;
    }
    try {
      if (given === null) throw bad(file, 'is there, but integrity says that there is none');
      throwIfAborted([signal]);
      const { size } = opened;
      if (isFirst) tell({ status: 'download', name, file, ...(size !== undefined && { total: size }) });
      checkSize(file, size ?? 0, limit);
      return opened;
    } catch (error) {
      await opened.close();
      throw error;
    }
  };

  /** The same of a file that need not be there; buckets answer 403 for what they do not have. */
  const openIfThere = async (file: string): Promise<ModelFile | undefined> => {
    try {
      return await open(file, limitOf(file));
    } catch (error) {
      if (!(error instanceof Refused && error.status === 403) || integrity.get(file)) throw error;
      tell({ status: 'done', name, file, absent: true });
      return undefined;
    }
  };

  /** The parts of a file, which is closed on every way out. */
  async function* parts(
    file: string,
    opened: ModelFile,
    limit = Infinity,
    wants?: Wants,
  ): AsyncGenerator<Uint8Array, void> {
    try {
      const { size = 0 } = opened;
      const given = integrity.get(file);
      const expected = given ?? (opened.hash === undefined ? undefined : [opened.hash]);
      const hasher = expected && startHash(opened.size);
      if (wants) {
        const content = opened.hash ?? opened.identity;
        // With the hashes, which whoever reads it holds it against.
        if (!(await wants(content && [content, ...(given ?? [])].join(' ')))) {
          tell({ status: 'progress', name, file, loaded: size, total: size, progress: 100 });
          tell({ status: 'done', name, file });
          return;
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
        checkSize(file, loaded, limit);
        hasher?.update(part);
        yield part;
        const total = Math.max(size, loaded);
        if (loaded <= (told.get(file) ?? 0)) continue;
        told.set(file, loaded);
        tell({ status: 'progress', name, file, loaded, total, progress: (100 * loaded) / total });
      }
      const hash = hasher && integrityOf(await hasher.digest());
      if (hash !== undefined && expected?.includes(hash) !== true) {
        await opened.discard?.();
        throw bad(file, `is not what it should be: its hash is ${hash}, not ${expected?.join(' or ')}`);
      }
      tell({ status: 'done', name, file });
    } finally {
      await opened.close();
    }
  }

  /** The same of one that is opened when it is its turn; nothing if there is no such file. */
  async function* partsOf(file: string): AsyncGenerator<Uint8Array, void> {
    const opened = await open(file);
    if (opened) yield* parts(file, opened);
  }

  /** Gives all parts to `take`. */
  const drain = async (
    source: AsyncGenerator<Uint8Array, void>,
    take: (part: Uint8Array) => Promise<void> | void,
  ): Promise<void> => {
    for await (const part of source) await take(part);
  };

  /** A whole file; empty if there is none. */
  const read = async (file: string, opened: ModelFile | undefined): Promise<Uint8Array> => {
    const pieces: Uint8Array[] = [];
    if (opened) await drain(parts(file, opened, limitOf(file)), (part) => void pieces.push(part.slice()));
    const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  };

  const readIfThere = async (file: string): Promise<Uint8Array> => read(file, await openIfThere(file));

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
    const settled = progress.hold();
    for (const file of vocabularyFiles) {
      const opened = await openIfThere(file);
      if (opened === undefined) continue;
      const reading = Promise.all([read(file, opened), ...companionsOf[file].map(readNamed)]);
      reading.catch(() => undefined); // it is awaited below, unless the callback throws before
      if (opened.size !== 0) settled(); // all that comes with it was asked for
      const [bytes, ...companions] = await reading;
      if (bytes.length > 0) return [[file, bytes], ...companions];
    }
    await before;
    throw await missing(vocabularyInWords);
  };

  let weightsAtHand: ModelFile | undefined;
  let settleWeights = (): void => undefined;

  /** model.safetensors, or what stands in the index of several files instead; empty if there is none either. */
  const findWeights = async (): Promise<ModelFile | Uint8Array> => {
    weightsAtHand = await open(weightsFile);
    if (weightsAtHand === undefined) return readIfThere(weightsIndexFile);
    settleWeights();
    return weightsAtHand;
  };

  let finding: Promise<ModelFile | Uint8Array> | undefined;

  const gathered = (files: NamedFile[]): SmallFiles => new Map(files.filter(([, bytes]) => bytes.length > 0));

  return {
    async config() {
      const config = await read(configFile, await open(configFile, limitOf(configFile)));
      if (config.length === 0) throw await missing(configFile);
      return config;
    },

    async smallFiles(kind, config) {
      const [vocabulary, ...files] = await Promise.all([
        readVocabulary(config), // where config.json is missing too, it is the one to name
        config.then((bytes): NamedFile => [configFile, bytes]),
        ...[...addedTokens, ...optionalFiles[kind]].map(readNamed),
      ]);
      return gathered([...files, ...vocabulary]);
    },

    async tokenizer() {
      const beside = [configFile, tokenizerConfigFile, ...addedTokens].map(readNamed);
      const [vocabulary, ...files] = await Promise.all([readVocabulary(), ...beside]);
      return gathered([...files, ...vocabulary]);
    },

    askForWeights(config) {
      settleWeights = progress.hold();
      finding = config.then(findWeights);
      finding.catch(() => undefined); // weights() rejects with it, unless something else fails first
    },

    async weights(take, wants) {
      const found = await (finding ?? findWeights());
      if (!(found instanceof Uint8Array)) {
        await drain(parts(weightsFile, found, Infinity, wants), take);
        return checkUnread();
      }
      await wants?.(undefined);
      if (found.length === 0) throw await missing(weightsFile);
      // Opened last of all, and one after the other: a browser has six connections to a server, and these are held.
      await drain(mergedShards(parseIndex(weightsIndexFile, found), partsOf), (part) => {
        settleWeights();
        return take(part);
      });
      await checkUnread();
    },

    close() {
      void finding?.catch(() => undefined).then(() => weightsAtHand?.close());
    },
  };
}
