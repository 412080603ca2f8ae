// Why a file that is needed is missing: another one that is there tells what the folder is, and what to do about it. Imported when
// that happens; pipeline() and `latformer inspect` say the same, because both ask here.
import type { ModelFolder } from './folder.js';
import { configFile, vocabularyInWords, weightsFile } from './names.js';

interface Sign {
  /** Names that tell it; of folders that cannot list their files `likely` are asked for. */
  names: RegExp;
  likely: readonly string[];
  says: (name: string) => string;
}

const adapter: Sign = {
  names: /^adapter_(config\.json|model\.(safetensors|bin))$/,
  likely: ['adapter_config.json'],
  says: () => 'it holds a PEFT adapter and no model; save model.merge_and_unload() with save_pretrained(folder)',
};

const converted = (what: string, how: string) => (): string =>
  `its weights are ${what}’s; from_pretrained(folder, ${how}=True) and save_pretrained() convert them`;

/** By what is missing, the first that holds counts. */
const signs: Readonly<Record<string, readonly Sign[]>> = {
  [configFile]: [
    adapter,
    {
      names: /^model_index\.json$/,
      likely: ['model_index.json'],
      says: () => 'it holds a pipeline of diffusers, which Latformer does not run',
    },
    {
      names: /^params\.json$/,
      likely: ['params.json'],
      says: () => 'it holds weights in their author’s own layout; the converted Hugging Face folder is needed',
    },
    {
      names: /\.gguf$/,
      likely: [],
      says: (name) => `${name} is a GGUF file; a Hugging Face folder with safetensors is needed`,
    },
  ],
  [weightsFile]: [
    adapter,
    {
      names: /^(?!model\.safetensors).*\.safetensors$/,
      likely: ['model.fp16.safetensors', 'model.bf16.safetensors'],
      says: (name) =>
        `${name} holds a variant of the weights, or weights by another name; save them as ${weightsFile} (in Python: save_pretrained(folder))`,
    },
    {
      names: /^(pytorch_model.*|.*\.(bin|pt|pth|ckpt))$/,
      likely: ['pytorch_model.bin', 'pytorch_model.bin.index.json'],
      says: (name) =>
        `${name} is a pickle and is not read; save with model.save_pretrained(folder, safe_serialization=True)`,
    },
    { names: /^tf_model|\.h5$/, likely: ['tf_model.h5'], says: converted('TensorFlow', 'from_tf') },
    { names: /^flax_model|\.msgpack$/, likely: ['flax_model.msgpack'], says: converted('Flax', 'from_flax') },
    {
      names: /\.onnx$/,
      likely: [
        'model.onnx',
        ...['', '_quantized', '_fp16', '_int8', '_q4', '_uint8'].map((of) => `onnx/model${of}.onnx`),
      ],
      says: () =>
        'its weights are there as ONNX alone; take the folder that they were exported from, with model.safetensors',
    },
    {
      names: /\.gguf$/,
      likely: [],
      says: (name) => `${name} is a GGUF file; the weights are needed as safetensors`,
    },
    { names: /\.ot$/, likely: ['rust_model.ot'], says: (name) => `${name} is read by Rust’s rust-bert alone` },
  ],
  [vocabularyInWords]: [
    {
      names: /^(tokenizer|spiece|sentencepiece\.bpe|spm)\.model$/,
      likely: ['tokenizer.model', 'spiece.model'],
      says: (name) =>
        `${name} is SentencePiece’s, which is not read; AutoTokenizer.from_pretrained(folder).save_pretrained(folder) writes tokenizer.json`,
    },
  ],
};

async function isThere(folder: ModelFolder, file: string): Promise<boolean> {
  try {
    const opened = await folder.open(file, undefined);
    await opened?.close();
    return opened !== undefined;
  } catch {
    return false;
  }
}

async function firstThere(folder: ModelFolder, sign: Sign, names: readonly string[] | undefined) {
  if (names !== undefined) return names.find((name) => sign.names.test(name));
  for (const name of sign.likely) if (await isThere(folder, name)) return name;
  return undefined;
}

/** Of a folder in which `file` is missing; undefined if there is nothing to say. */
export async function whyMissing(folder: ModelFolder, file: string): Promise<string | undefined> {
  const trouble = await folder.trouble?.();
  if (trouble !== undefined) return trouble;
  const names = await folder.names?.();
  for (const sign of signs[file] ?? []) {
    const name = await firstThere(folder, sign, names);
    if (name !== undefined) return sign.says(name);
  }
  return undefined;
}
