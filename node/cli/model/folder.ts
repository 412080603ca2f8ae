// What the files of a model folder say of themselves, as the core reads them: whether the model will load is the loader's
// verdict. Everything here is optional, because a folder worth inspecting may well be broken.
import { createHash } from 'node:crypto';
import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unpacked } from '../../../bindings/download/gzip.js';
import type { Description, Kind } from '../../../bindings/engine.js';
import { readModel } from '../../../bindings/model/load.js';
import { isObject, parseJson } from '../../../bindings/model/json.js';
import type { Json } from '../../../bindings/model/json.js';
import {
  addedTokens,
  companionsOf,
  configFile,
  limitOf,
  optionalFiles,
  sentenceConfigFile,
  vocabularyFiles,
  weightsFile,
  weightsIndexFile,
} from '../../../bindings/model/names.js';
import { Progress } from '../../../bindings/progress.js';
import { kinds } from '../../../bindings/tasks/kinds.js';
import { compileFor } from '../../../bindings/wasm/compile.js';
import { LocalEngine } from '../../../bindings/wasm/engine.js';
import { folderOnDisk, readSmall } from '../../files.js';
import { gunzip } from '../../gunzip.js';
import { fileFailure } from '../failure.js';
import type { InspectedTask } from './sample.js';

export interface FileFacts {
  name: string;
  bytes: number;
  /** Whether Latformer reads it. */
  used: boolean;
}

export interface FolderFacts {
  files: FileFacts[];
  task: InspectedTask;
  config: Record<string, unknown> | undefined;
  tokenizer: Description['tokenizer'] | undefined;
  weights: (NonNullable<Description['weights']> & { bytes: number }) | undefined;
}

/** What is in a JSON file; undefined if it is not there or not one. */
async function readJsonValue(path: string): Promise<unknown> {
  try {
    return parseJson((await readSmall(path, limitOf(basename(path)))) ?? '');
  } catch {
    return undefined;
  }
}

/** The same of an object. */
async function readJson(path: string): Promise<Json | undefined> {
  const value = await readJsonValue(path);
  return isObject(value) ? value : undefined;
}

/** The task of an architecture's head, by the end of its name. */
const heads: readonly [RegExp, InspectedTask][] = [
  [/(ForCausalLM|LMHeadModel)$/, 'text-generation'],
  [/ForSequenceClassification$/, 'text-classification'],
  [/ForTokenClassification$/, 'token-classification'],
  [/ForMaskedLM$/, 'fill-mask'],
  [/ForQuestionAnswering$/, 'question-answering'],
];

/** What a model is made for, by its config.json and what sentence-transformers has left beside it. */
async function taskOf(folder: string, config: Json | undefined): Promise<InspectedTask> {
  const sentences = await readJson(join(folder, sentenceConfigFile));
  const isRanker =
    config !== undefined &&
    (sentences?.['model_type'] === 'CrossEncoder' ||
      isObject(config['sentence_transformers']) ||
      config['sbert_ce_default_activation_function'] !== undefined);
  if (isRanker) return 'text-ranking';
  if (Array.isArray(await readJsonValue(join(folder, 'modules.json')))) return 'feature-extraction';
  const architectures = config?.['architectures'];
  const name: unknown = Array.isArray(architectures) ? architectures[0] : undefined;
  const found = heads.find(([end]) => typeof name === 'string' && end.test(name));
  return found?.[1] ?? 'text-classification';
}

/** Which of the files that are there the loader reads. */
async function usedOf(folder: string, there: readonly string[], kind: Kind): Promise<Set<string>> {
  const vocabulary = vocabularyFiles.find((name) => there.includes(name));
  const used = new Set([configFile, ...addedTokens, ...optionalFiles[kind]]);
  if (vocabulary) [vocabulary, ...companionsOf[vocabulary]].forEach((name) => used.add(name));
  const shards = there.includes(weightsFile)
    ? undefined
    : (await readJson(join(folder, weightsIndexFile)))?.['weight_map'];
  if (isObject(shards)) [weightsIndexFile, ...Object.values(shards)].forEach((name) => used.add(String(name)));
  return used.add(weightsFile);
}

async function filesOf(folder: string, kind: Kind): Promise<FileFacts[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    throw fileFailure(`cannot inspect ${folder}`, error);
  }
  const used = await usedOf(folder, names, kind);
  const files: FileFacts[] = [];
  for (const name of names.sort()) {
    const stats = await stat(join(folder, name)).catch(() => undefined);
    if (stats?.isFile() === true) files.push({ name, bytes: stats.size, used: used.has(name) });
  }
  return files;
}

const isWeights = (name: string): boolean => name.endsWith('.safetensors');

type Reader = ReturnType<typeof readModel>;

const largestHeader = 100_000_000; // the format's limit

/** model.safetensors as far as its header goes (of several files: of all of them, as if they were one). */
async function headOf(model: Reader): Promise<Uint8Array> {
  const enough = new Error('that is all');
  const pieces: Uint8Array[] = [];
  let size = 0;
  let wanted = 8;
  try {
    await model.weights((part) => {
      pieces.push(part.slice());
      size += part.length;
      if (wanted === 8 && size >= 8) wanted += Number(Buffer.concat(pieces).readBigUInt64LE());
      if (size >= wanted || wanted > 8 + largestHeader) throw enough;
      return Promise.resolve();
    });
  } catch (error) {
    if (error !== enough) return new Uint8Array();
  }
  return Buffer.concat(pieces).subarray(0, wanted);
}

const binary = fileURLToPath(new URL('./latformer.wasm.gz', import.meta.url)); // beside the built command

async function describe(model: Reader, kind: Kind): Promise<Description> {
  const engine = new LocalEngine(() => {
    throw new Error('one thread is enough');
  });
  try {
    const [module, files, head] = await Promise.all([
      readFile(binary)
        .then((bytes) => unpacked(bytes, binary, gunzip))
        .then((bytes) => compileFor(bytes, false)),
      model.smallFiles(kind, model.config()).catch(() => new Map<string, Uint8Array>()),
      headOf(model),
    ]);
    await engine.start(module, 1);
    return await engine.describe(files, head);
  } finally {
    engine.close();
  }
}

export async function inspectFolder(folder: string): Promise<FolderFacts> {
  const config = await readJson(join(folder, configFile));
  const task = await taskOf(folder, config);
  const kind = kinds[task];
  const files = await filesOf(folder, kind);
  const reader = readModel(folderOnDisk(folder), new Progress(() => undefined, folder), undefined, new Map(), () =>
    createHash('sha256'),
  );
  const { tokenizer, weights } = await describe(reader, kind);
  const bytes = files.reduce((sum, { name, bytes, used }) => (used && isWeights(name) ? sum + bytes : sum), 0);
  return { files, task, config, tokenizer, weights: weights && { bytes, ...weights } };
}
