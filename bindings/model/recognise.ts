// What a file is that is not what its name says, and what to do about it. Of files that are missing: missing.ts.
import { weightsFile } from './names.js';

const startsWith = (bytes: Uint8Array, ...prefix: number[]): boolean =>
  prefix.every((byte, index) => bytes[index] === byte);

/** Of a file by its first bytes; undefined if it may well be what its name says. */
export function oddContent(name: string, bytes: Uint8Array): string | undefined {
  const text = Array.from(bytes.subarray(0, 64), (byte) => String.fromCharCode(byte)).join('');
  if (/^version \S+git-lfs\.github\.com\/spec\//.test(text)) {
    return 'it is a pointer of git-lfs and not the file itself; run `git lfs pull` where it was cloned';
  }
  // A vocabulary may well have tags in it.
  if ((name.endsWith('.txt') ? /^\s*<!doctype html/i : /^\s*<(!doctype html|html|head|\?xml)/i).test(text)) {
    return 'it is an HTML page; an address on huggingface.co needs /resolve/ where a page about the file has /blob/';
  }
  if (name !== weightsFile) return undefined;
  if (text.startsWith('GGUF')) return 'it is a GGUF file; the weights are needed as safetensors';
  if (startsWith(bytes, 0x50, 0x4b, 3, 4) || startsWith(bytes, 0x80, 2)) {
    return 'it is a pickle of torch.save(); save with model.save_pretrained(folder, safe_serialization=True)';
  }
  return undefined;
}
