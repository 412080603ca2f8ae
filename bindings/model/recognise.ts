// What a file or folder is that is not what it should be, and what to do about it. pipeline() and `latformer inspect` say the
// same, because both ask here.
import type { ModelFolder } from './folder.js';
import { configFile, weightsFile } from './names.js';

const startsWith = (bytes: Uint8Array, ...prefix: number[]): boolean =>
  prefix.every((byte, index) => bytes[index] === byte);

/** Of a file by its first bytes; undefined if it may well be what its name says. */
export function oddContent(name: string, bytes: Uint8Array): string | undefined {
  const text = Array.from(bytes.subarray(0, 64), (byte) => String.fromCharCode(byte)).join('');
  if (/^version \S+git-lfs\.github\.com\/spec\//.test(text)) {
    return 'it is a pointer of git-lfs and not the file itself; run `git lfs pull` where it was cloned';
  }
  if (name.endsWith('.txt')) return undefined;
  if (/^\s*(<!doctype html|<html|<head)/i.test(text)) {
    return 'it is an HTML page; an address on huggingface.co needs /resolve/ where a page about the file has /blob/';
  }
  if (name !== weightsFile) return undefined;
  if (text.startsWith('GGUF')) return 'it is a GGUF file; the weights are needed as safetensors';
  if (startsWith(bytes, 0x50, 0x4b, 3, 4) || startsWith(bytes, 0x80, 2)) {
    return 'it is a pickle of torch.save(); save with model.save_pretrained(folder, safe_serialization=True)';
  }
  return undefined;
}

const adapter = 'it holds a PEFT adapter and no model; save model.merge_and_unload() with save_pretrained(folder)';
const onnx =
  'its weights are there as ONNX alone; take the folder that they were exported from, with model.safetensors';
const otherWeights = (file: string): string =>
  `${file} holds a variant of the weights; save them as ${weightsFile} (in Python: save_pretrained(folder))`;
const pickle =
  'pytorch_model.bin is a pickle and is not read; save with model.save_pretrained(folder, safe_serialization=True)';

/** Where a file is missing: another that tells why, and the sentence. */
const tellTale: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  [configFile]: [
    ['adapter_config.json', adapter],
    ['model_index.json', 'it holds a pipeline of diffusers, which Latformer does not run'],
    ['params.json', 'it holds weights in their author’s own layout; the converted Hugging Face folder is needed'],
  ],
  [weightsFile]: [
    ['adapter_config.json', adapter],
    ['pytorch_model.bin', pickle],
    ['pytorch_model.bin.index.json', pickle],
    ['model.fp16.safetensors', otherWeights('model.fp16.safetensors')],
    [
      'tf_model.h5',
      'its weights are TensorFlow’s; from_pretrained(folder, from_tf=True) and save_pretrained() convert them',
    ],
    [
      'flax_model.msgpack',
      'its weights are Flax’s; from_pretrained(folder, from_flax=True) and save_pretrained() convert them',
    ],
    ['model.onnx', onnx],
    ['onnx/model.onnx', onnx],
    ['onnx/model_quantized.onnx', onnx],
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

/** Of a folder in which `file` is missing; undefined if there is nothing to say. */
export async function whyMissing(folder: ModelFolder, file: string): Promise<string | undefined> {
  const trouble = await folder.trouble?.();
  if (trouble !== undefined) return trouble;
  for (const [other, sentence] of tellTale[file] ?? []) {
    if (await isThere(folder, other)) return sentence;
  }
  return undefined;
}
