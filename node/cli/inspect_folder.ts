// What the files of a model folder say about themselves, read without judging: whether the model will load is the
// loader's verdict. Everything here is optional, because a folder worth inspecting may well be broken.
import { open, readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Kind } from '../../bindings/engine.js';
import {
  companionsOf,
  configFile,
  optionalFiles,
  vocabularyFiles,
  weightsFile,
  weightsIndexFile,
} from '../../bindings/model/names.js';
import { parseJson } from '../../bindings/model/json.js';
import { fileFailure } from './failure.js';

export interface FileFacts {
  name: string;
  bytes: number;
  /** Whether Latformer reads it. */
  used: boolean;
}

export interface WeightFacts {
  bytes: number;
  tensors: number;
  parameters: number;
  /** dtype -> parameters stored so. */
  dtypes: Record<string, number>;
}

export interface FolderFacts {
  files: FileFacts[];
  config: Record<string, unknown> | undefined;
  tokenizer: Record<string, unknown> | undefined;
  weights: WeightFacts | undefined;
}

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The object in a JSON file; undefined if it is not there or not one. */
async function readJson(path: string): Promise<Json | undefined> {
  try {
    const value = parseJson(await readFile(path, 'utf8'));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What a model is made for, by its config.json. */
export function kindOf(config: Json | undefined): Kind {
  const architectures = config?.['architectures'];
  const name: unknown = Array.isArray(architectures) ? architectures[0] : undefined;
  return typeof name === 'string' && /(ForCausalLM|LMHeadModel)$/.test(name) ? 'generation' : 'classification';
}

/** Which of the files that are there the loader reads. */
async function usedOf(folder: string, there: readonly string[], kind: Kind): Promise<Set<string>> {
  const vocabulary = vocabularyFiles.find((name) => there.includes(name));
  const used = new Set([configFile, ...optionalFiles[kind]]);
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

/** The header of a safetensors file: 8 bytes of length, then JSON of name -> {dtype, shape, data_offsets}. */
async function weightsOf(path: string): Promise<WeightFacts | undefined> {
  const maxHeader = 100_000_000; // the format's limit
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const bytes = (await file.stat()).size;
    const start = Buffer.alloc(8);
    await file.read(start, 0, 8, 0);
    const length = Number(start.readBigUInt64LE());
    if (length > Math.min(bytes - 8, maxHeader)) return undefined;
    const text = Buffer.alloc(length);
    await file.read(text, 0, length, 8);
    const header: unknown = JSON.parse(text.toString('utf8'));
    if (!isObject(header)) return undefined;

    const facts: WeightFacts = { bytes, tensors: 0, parameters: 0, dtypes: {} };
    for (const [name, tensor] of Object.entries(header)) {
      if (name === '__metadata__' || !isObject(tensor)) continue;
      const { dtype, shape } = tensor;
      const words = Array.isArray(shape) ? shape.reduce((product: number, size) => product * Number(size), 1) : 0;
      const isPacked = dtype === 'I32' && name.endsWith('_packed'); // eight numbers of 4 bits in each
      const count = isPacked ? 8 * words : words;
      const type = isPacked ? 'I4' : String(dtype);
      ++facts.tensors;
      facts.parameters += count;
      facts.dtypes[type] = (facts.dtypes[type] ?? 0) + count;
    }
    return facts;
  } catch {
    return undefined;
  } finally {
    await file.close();
  }
}

// Tokenizers that take their normalizer from tokenizer_config.json, as core/text/tokenizer_config.cc has them.
const likeBert = /^(Bert|DistilBert|Electra|MobileBert|ConvBert)Tokenizer(Fast)?$/;

/** The normalizer's settings in tokenizer_config.json, if they count; names as tokenizer.json has them. */
function normalizerOf(config: Json | undefined): Json | undefined {
  if (config === undefined || !likeBert.test(String(config['tokenizer_class'] ?? 'BertTokenizer'))) return undefined;
  return {
    lowercase: config['do_lower_case'] ?? true,
    strip_accents: config['strip_accents'] ?? null,
    handle_chinese_chars: config['tokenize_chinese_chars'] ?? true,
  };
}

/** Vocabulary from tokenizer.json, else from vocab.txt; settings from tokenizer_config.json, else from tokenizer.json. */
async function tokenizerOf(folder: string): Promise<Json | undefined> {
  const config = await readJson(join(folder, 'tokenizer_config.json'));
  const whole = await readJson(join(folder, 'tokenizer.json'));
  if (whole !== undefined) {
    const model = isObject(whole['model']) ? whole['model'] : {};
    const normalizer = normalizerOf(config) ?? (isObject(whole['normalizer']) ? whole['normalizer'] : {});
    const vocabulary = isObject(model['vocab']) ? Object.keys(model['vocab']).length : undefined;
    return {
      file: 'tokenizer.json',
      type: model['type'],
      vocabulary,
      lowercase: normalizer['lowercase'],
      strip_accents: normalizer['strip_accents'],
      handle_chinese_chars: normalizer['handle_chinese_chars'],
    };
  }
  const vocab = await readFile(join(folder, 'vocab.txt'), 'utf8').catch(() => undefined);
  if (vocab === undefined) return undefined;
  return {
    file: 'vocab.txt',
    type: 'WordPiece',
    vocabulary: vocab.split('\n').length - (vocab.endsWith('\n') ? 1 : 0),
    ...normalizerOf(config ?? {}),
  };
}

export async function inspectFolder(folder: string): Promise<FolderFacts> {
  const config = await readJson(join(folder, configFile));
  return {
    files: await filesOf(folder, kindOf(config)),
    config,
    tokenizer: await tokenizerOf(folder),
    weights: await weightsOf(join(folder, 'model.safetensors')),
  };
}
