// latformer inspect: what a model folder is, whether it will load, and what its speeds keep.
//
// The verdict is that of the loader itself, and the table of speeds that of a text that was really run: there is no
// second opinion that could differ.
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Kind } from '../../bindings/engine.js';
import { sizesOf } from '../../bindings/model/sizes.js';
import { LatformerError } from '../index.js';
import type { BaseModelInfo, ModelInfo, TextClassificationPipeline, TextGenerationPipeline } from '../index.js';
import { parseOptions } from './command.js';
import type { Command } from './command.js';
import { alignedTable, megabytes, printable, shortNumber } from './display.js';
import { badInput, misuse } from './failure.js';
import { hashesOf } from './hashes.js';
import { inspectFolder } from './inspect_folder.js';
import type { FolderFacts } from './inspect_folder.js';
import { loadModel, parseRunOptions, runHelp, runOptions } from './load_model.js';
import type { RunChoice } from './load_model.js';
import { print } from './output.js';
import { hideProgress } from './progress.js';

const help = `Usage: latformer inspect [options] [DIR]

Shows what a model folder is: architecture, sizes, weights, labels, tokenizer and profile; and whether it will load. If it
does, also what runs it here, and what each speedup keeps of a text of 128 tokens.

  --model DIR          the same as DIR; without either, the bundled sentiment model
  --kernels            only what runs it, and why
  --hashes             only what its files hash to, for --integrity
${runHelp}
  --json               the same as one JSON object
  -h, --help           this text

Exit codes: 0 it loads, 1 it does not (the reason is shown), 2 misuse.
`;

const sampleTokens = 128;
const sampleSpeedups = [1, 1.5, 2, 3, 4.8, 6, 8];

interface SpeedFacts {
  speedup: number;
  achieved_speedup: number;
  macs: number;
  tokens_per_layer: number[];
}

/** Any text of the right length does: the counts depend on nothing else. One-letter words are one token each. */
async function speedsOf(classify: TextClassificationPipeline): Promise<{ tokens: number; speeds: SpeedFacts[] }> {
  const { maxSpeedup } = classify;
  const text = Array.from({ length: sampleTokens - 2 }, () => 'a').join(' ');
  const speeds: SpeedFacts[] = [];
  let tokens = 0;
  for (const speedup of new Set([...sampleSpeedups.filter((each) => each < maxSpeedup), maxSpeedup])) {
    const [answer] = await classify(text, { speedup, stats: true });
    if (answer === undefined) continue;
    const { achieved_speedup, macs, tokens_per_layer } = answer.stats;
    tokens = answer.stats.tokens;
    speeds.push({ speedup, achieved_speedup, macs, tokens_per_layer });
  }
  return { tokens, speeds };
}

/** The same of a prompt. */
async function speedsOfGeneration(generate: TextGenerationPipeline): Promise<Loaded['sample']> {
  const { maxSpeedup, info } = generate;
  const words = Math.min(sampleTokens, info.max_tokens - 1);
  const prompt = Array.from({ length: words }, () => 'a').join(' ');
  const speeds: SpeedFacts[] = [];
  let tokens = 0;
  for (const speedup of new Set([...sampleSpeedups.filter((each) => each < maxSpeedup), maxSpeedup])) {
    const [answer] = await generate(prompt, {
      speedup,
      stats: true,
      max_new_tokens: 1,
      do_sample: false,
      num_beams: 1,
    });
    if (answer?.stats === undefined) continue;
    const { achieved_speedup, macs, tokens_per_layer, prompt_tokens } = answer.stats;
    tokens = prompt_tokens;
    speeds.push({ speedup, achieved_speedup, macs, tokens_per_layer });
  }
  return { tokens, speeds };
}

type InspectedTask = 'text-classification' | 'text-generation';

const taskOf = (kind: Kind): InspectedTask => (kind === 'generation' ? 'text-generation' : 'text-classification');

interface Loaded {
  info: BaseModelInfo & Partial<ModelInfo>;
  sample: { tokens: number; speeds: SpeedFacts[] };
}

async function load(
  task: InspectedTask,
  folder: string,
  choice: RunChoice,
  signal: AbortSignal,
): Promise<Loaded | LatformerError> {
  try {
    if (task === 'text-generation') {
      const generate = await loadModel(task, folder, { ...choice, signal, worker: false });
      const loaded = { info: generate.info, sample: await speedsOfGeneration(generate) };
      await generate.dispose();
      return loaded;
    }
    const classify = await loadModel(task, folder, { ...choice, signal, worker: false });
    const loaded = { info: classify.info, sample: await speedsOf(classify) };
    await classify.dispose();
    return loaded;
  } catch (error) {
    hideProgress();
    if (error instanceof LatformerError) return error;
    throw error;
  }
}

const show = (value: unknown): string =>
  value === undefined || value === null ? '?' : typeof value === 'object' ? JSON.stringify(value) : String(value);

const size = (value: number): string => (Number.isNaN(value) ? '?' : String(value));

function sizesLine(config: Record<string, unknown>): string {
  const { layers, hidden, heads, intermediate, positions } = sizesOf(config);
  const width = hidden / heads > 0 ? ` of ${hidden / heads}` : '';
  return (
    `${size(layers)} layers, width ${size(hidden)}, ${size(heads)} heads${width}, feed-forward ${size(intermediate)}, ` +
    `${size(positions)} positions, vocabulary ${show(config['vocab_size'])}`
  );
}

function labelsLine(config: Record<string, unknown>, info: Loaded['info'] | undefined): string {
  const id2label = config['id2label'];
  const labels = info?.labels ?? (typeof id2label === 'object' && id2label !== null ? Object.values(id2label) : []);
  const names = labels.map(show).join(', ');
  return [names, info?.problem_type?.replaceAll('_', ' ')].filter(Boolean).join(' · ') || 'none named';
}

const yesNo = (value: boolean | undefined): string => (value === true ? 'yes' : 'no');

function tokenizerLine(tokenizer: NonNullable<FolderFacts['tokenizer']>): string {
  const { type, vocabulary, file, lowercase, strip_accents, handle_chinese_chars } = tokenizer;
  const what = `${type}, ${vocabulary} entries (${file})`;
  if (lowercase === undefined) return what; // no normalizer
  return (
    `${what}; lower case ${yesNo(lowercase)}, accents stripped ${yesNo(strip_accents)}, Chinese characters apart ` +
    yesNo(handle_chinese_chars)
  );
}

/** What runs a model, and why that and nothing else. */
function* runs(
  { binary, kernels, threads, dtype }: BaseModelInfo,
  asked: number | undefined,
): Generator<[string, string]> {
  const processors = availableParallelism();
  const { node, v8 } = process.versions;
  yield ['kernels', kernels];
  yield ['binary', binary];
  yield [
    'relaxed SIMD',
    binary.includes('-relaxed')
      ? `yes, Node ${node} (V8 ${v8}) has it`
      : `no, Node ${node} (V8 ${v8}) does not have it; Node 22 and later do`,
  ];
  const why = asked === undefined ? 'by default for a model of this size' : `of ${asked} asked for`;
  yield ['threads', `${threads} ${why}, on ${processors} processor${processors === 1 ? '' : 's'}`];
  yield ['dtype', dtype];
}

/** Name and value of each thing known about the folder. */
function* sections(
  { kind, config, weights, tokenizer }: FolderFacts,
  info: Loaded['info'] | undefined,
): Generator<[string, string]> {
  if (config !== undefined) {
    const architectures = config['architectures'];
    const names = Array.isArray(architectures) ? architectures.map(show).join(', ') : show(architectures);
    yield ['architecture', `${names} (model_type ${show(config['model_type'])})`];
    yield ['sizes', sizesLine(config)];
    if (kind === 'classification') yield ['labels', labelsLine(config, info)];
  }
  if (weights !== undefined) {
    const dtypes = Object.entries(weights.dtypes).map(([dtype, count]) => `${dtype} ${shortNumber(count)}`);
    const total = `${shortNumber(weights.parameters)} numbers in ${weights.tensors} tensors`;
    yield ['weights', `${total}, ${megabytes(weights.bytes)}: ${dtypes.join(', ')}`];
  }
  if (tokenizer !== undefined) yield ['tokenizer', tokenizerLine(tokenizer)];
  if (info !== undefined) {
    const { source, dropped, retention } = info.profile;
    const origin =
      source === 'model'
        ? `validated up to speedup ${info.max_speedup}`
        : 'the default one, not validated for any speed';
    yield ['profile', `${origin}; dropped word-vectors are ${dropped === 'merge' ? 'merged into one' : 'discarded'}`];
    yield ['retention', `${retention.map((value) => value.toFixed(3)).join(' ')} (layer 1 to ${retention.length})`];
    yield ['runs by', `${info.kernels}, threads: ${info.threads}, ${info.dtype}; ${info.binary}`];
  }
}

function speedsTable({ tokens, speeds }: Loaded['sample']): string {
  const layers = speeds[0]?.tokens_per_layer.length ?? 0;
  const rows = speeds.map(({ speedup, achieved_speedup, macs, tokens_per_layer }) => [
    String(speedup),
    achieved_speedup.toFixed(2),
    shortNumber(macs),
    ...tokens_per_layer.map(String),
  ]);
  const header = ['speedup', 'achieved', 'MACs', ...Array.from({ length: layers }, (_, layer) => `layer ${layer + 1}`)];
  return `Of a text of ${tokens} tokens, so many word-vectors leave each layer:\n\n${alignedTable([header, ...rows])}`;
}

async function showKernels(folder: string, choice: RunChoice, json: boolean, signal: AbortSignal): Promise<void> {
  const { kind } = await inspectFolder(folder);
  const loaded = await loadModel(taskOf(kind), folder, { ...choice, signal, worker: false });
  const info: BaseModelInfo = loaded.info;
  await loaded.dispose();
  const { kernels, binary, threads, dtype } = info;
  const found = {
    kernels,
    binary,
    threads,
    processors: availableParallelism(),
    dtype,
    node: process.versions.node,
    v8: process.versions.v8,
  };
  await print(json ? `${JSON.stringify(found, null, 2)}\n` : alignedTable([...runs(info, choice.threads)], 2), signal);
}

const options = {
  ...runOptions,
  model: { type: 'string' },
  kernels: { type: 'boolean', default: false },
  hashes: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

const bundledModel = fileURLToPath(new URL('models/sentiment', import.meta.url)); // beside the built command

export const inspect: Command = {
  summary: 'show what a model folder is, and whether it will load',
  help,

  async run(args, signal) {
    const { values, positionals } = parseOptions(args, options);
    const choice = parseRunOptions(values);
    const folders = values.model === undefined ? positionals : [...positionals, values.model];
    const [folder = bundledModel] = folders;
    if (folder === '' || folders.length > 1) throw misuse('one model folder is needed');
    if (values.hashes) return print(`${JSON.stringify(await hashesOf(folder), null, 2)}\n`, signal);
    if (values.kernels) return showKernels(folder, choice, values.json, signal);

    const facts = await inspectFolder(folder);
    const outcome = await load(taskOf(facts.kind), folder, choice, signal);
    const failed = outcome instanceof LatformerError ? outcome : undefined;
    const loaded = outcome instanceof LatformerError ? undefined : outcome;

    if (values.json) {
      const result = {
        folder,
        ...facts,
        loads: failed === undefined,
        error: failed && { code: failed.code, message: failed.message },
        info: loaded?.info,
        sample: loaded?.sample,
      };
      await print(`${JSON.stringify(result, null, 2)}\n`, signal);
    } else {
      const files = alignedTable(
        facts.files.map(({ name, bytes, used }) => [printable(name), megabytes(bytes), used ? '' : '(not read)']),
        1,
      );
      const lines = alignedTable(
        [...sections(facts, loaded?.info)].map(([name, value]) => [name, printable(value)]),
        2,
      );
      await print(
        [
          lines,
          files,
          loaded === undefined ? '' : `It loads. ${speedsTable(loaded.sample)}`,
          failed === undefined ? '' : `It does not load: ${printable(failed.message)} (${failed.code})\n`,
        ]
          .filter((part) => part !== '')
          .join('\n'),
        signal,
      );
    }
    if (failed !== undefined) throw badInput('');
  },
};
