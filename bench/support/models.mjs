// Models to time: any Hugging Face folder of a BERT, made ready once and kept in .toolchain/bench.
import { existsSync, mkdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { python } from '../../scripts/setup/python.mjs';
import { root, toolchain } from '../../scripts/support/paths.mjs';
import { run } from '../../scripts/support/run.mjs';
import { emptyPartial, hash, putInPlace } from '../../scripts/support/stamp.mjs';
import { Failure, step } from '../../scripts/support/steps.mjs';

const script = (name) => join(import.meta.dirname, name);

/** The libraries that are measured beside Latformer. */
export async function installPeers() {
  const here = join(root, 'bench');
  await step('Peers', async () => {
    if (existsSync(join(here, 'node_modules/.package-lock.json'))) return 'there';
    // Their install scripts would download accelerator libraries that are not wanted here.
    await run('npm', ['ci', '--ignore-scripts', '--prefix', here], { log: 'bench-peers' });
    return 'by the lock file';
  });
}

/** Fills `target` by a script in Python, which is called with `source` and a folder to write to. */
async function once(title, scriptName, source, target) {
  if (existsSync(target)) return;
  const interpreter = await python(join(root, 'bench/requirements.txt'));
  await step(title, async () => {
    const partial = emptyPartial(target);
    await run(interpreter, [script(scriptName), source, partial], { log: scriptName.replace('.py', '') });
    putInPlace(partial, target);
  });
}

function weightsOf(given) {
  const weights = statSync(join(resolve(given), 'model.safetensors'), { throwIfNoEntry: false });
  if (!weights) throw new Failure(`${given} is no model folder: it holds no model.safetensors`);
  return weights;
}

/**
 * A folder with a classifier, for Latformer, and one with its ONNX files, for the peers, when `onnx` asks for it.
 * @returns {Promise<{name: string, folder: string, onnxFolder: string}>}
 */
export async function prepareModel(given, { onnx = false } = {}) {
  const source = resolve(given);
  const weights = weightsOf(given);
  const name = basename(source);
  const key = hash(
    [source, String(weights.size), String(weights.mtimeMs)],
    [join(source, 'config.json'), script('add_head.py'), script('export_onnx.py')],
  );
  const folder = join(toolchain, 'bench', `${name}-${key.slice(0, 8)}`);
  await once(`${name}: a classifier`, 'add_head.py', source, folder);
  const onnxFolder = `${folder}-onnx`;
  if (onnx) await once(`${name}: ONNX files for the peers`, 'export_onnx.py', folder, onnxFolder);
  return { name, folder, onnxFolder };
}

/** A folder of embeddings as it is, by a link, and beside it one with its ONNX files, for the peers. */
export async function prepareEmbedder(given) {
  const source = resolve(given);
  const name = basename(source);
  const { size, mtimeMs } = weightsOf(given);
  const files = [join(source, 'config.json'), script('export_onnx.py')];
  const key = hash([source, String(size), String(mtimeMs)], files).slice(0, 8);
  const folder = join(toolchain, 'bench', `${name}-${key}-link`);
  mkdirSync(dirname(folder), { recursive: true });
  rmSync(folder, { force: true });
  symlinkSync(source, folder);
  const onnxFolder = join(toolchain, 'bench', `${name}-${key}-onnx`);
  await once(`${name}: ONNX files for the peers`, 'export_onnx.py', source, onnxFolder);
  return { name, folder, onnxFolder };
}

/** The numbers that operations are counted from. */
export async function shapeOf({ folder }) {
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
  const { hidden_size: hidden, num_hidden_layers: layers, intermediate_size: inner } = config;
  return { hidden, layers, inner, longest: config.max_position_embeddings };
}

// Words that are one piece each in BERT's vocabularies.
const words = ['the', 'film', 'is', 'a', 'joy', 'from', 'start', 'to', 'finish', 'and', 'never', 'dull'];

/** A text of exactly `tokens` tokens, [CLS] and [SEP] included. */
export function textOf(tokens) {
  return Array.from({ length: tokens - 2 }, (_, i) => words[(i * 7 + (i >> 3)) % words.length]).join(' ');
}

/** text -> its token ids, for peers that have no tokenizer. */
export async function tokenizerOf({ onnxFolder }) {
  const { AutoTokenizer, env } = await import('@huggingface/transformers');
  env.allowRemoteModels = false;
  env.localModelPath = dirname(onnxFolder);
  const tokenizer = await AutoTokenizer.from_pretrained(basename(onnxFolder));
  return (text) => tokenizer(text, { truncation: true }).input_ids.tolist()[0].map(Number);
}
