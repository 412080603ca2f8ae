// latformer inspect: what a model folder is, whether it will load, and what its speeds keep.
//
// The verdict is that of the loader itself, and the table of speeds that of a text that was really run: there is no
// second opinion that could differ.
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { sizesOf } from '../../../bindings/model/sizes.js';
import { LatformerError } from '../../index.js';
import type { BaseModelInfo, EmbeddingModelInfo, ModelInfo, RankingModelInfo } from '../../index.js';
import { parseOptions } from '../command.js';
import type { Command } from '../command.js';
import { alignedTable, megabytes, printable, shortNumber } from '../write/display.js';
import { badInput, misuse } from '../failure.js';
import { hashesOf } from '../model/hashes.js';
import { inspectFolder } from '../model/folder.js';
import type { FolderFacts } from '../model/folder.js';
import { sampleOf } from '../model/sample.js';
import type { InspectedTask, Sample } from '../model/sample.js';
import { loadModel, parseRunOptions, runHelp, runOptions } from '../model/load.js';
import type { RunChoice } from '../model/load.js';
import { print } from '../write/output.js';
import { hideProgress } from '../write/progress.js';

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

interface Loaded {
  info: BaseModelInfo & Partial<ModelInfo & RankingModelInfo & EmbeddingModelInfo>;
  sample: Sample;
}

async function load(
  task: InspectedTask,
  folder: string,
  choice: RunChoice,
  signal: AbortSignal,
): Promise<Loaded | LatformerError> {
  try {
    const model = await loadModel(task, folder, { ...choice, signal, worker: false });
    const loaded = { info: model.info, sample: await sampleOf(task, model) };
    await model.dispose();
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

const labelsIn = (config: Record<string, unknown>): unknown[] => {
  const id2label = config['id2label'];
  return typeof id2label === 'object' && id2label !== null ? Object.values(id2label) : [];
};

/** What pipeline() is to be asked for. */
function taskLine(task: InspectedTask, config: Record<string, unknown>): string {
  const isOfInference =
    task === 'text-classification' && labelsIn(config).some((label) => /^entail/i.test(show(label)));
  return isOfInference ? `${task}, zero-shot-classification` : task;
}

function labelsLine(config: Record<string, unknown>, info: Loaded['info'] | undefined): string {
  const labels = info?.labels ?? labelsIn(config);
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
  { binary, kernels, threads, dtype, notes }: BaseModelInfo,
  asked: number | undefined,
): Generator<[string, string]> {
  const processors = availableParallelism();
  const { node, v8 } = process.versions;
  yield ['kernels', kernels];
  yield ['binary', binary];
  if (binary.endsWith('.wasm')) {
    yield [
      'relaxed SIMD',
      binary.includes('-relaxed')
        ? `yes, Node ${node} (V8 ${v8}) has it`
        : `no, Node ${node} (V8 ${v8}) does not have it; Node 22 and later do`,
    ];
  }
  const why = asked === undefined ? 'by default for a model of this size' : `of ${asked} asked for`;
  yield ['threads', `${threads} ${why}, on ${processors} processor${processors === 1 ? '' : 's'}`];
  yield ['dtype', dtype];
  for (const note of notes) yield ['note', note];
}

/** Name and value of each thing known about the folder. */
function* sections(
  { task, config, weights, tokenizer }: FolderFacts,
  info: Loaded['info'] | undefined,
): Generator<[string, string]> {
  if (config !== undefined) {
    const architectures = config['architectures'];
    const names = Array.isArray(architectures) ? architectures.map(show).join(', ') : show(architectures);
    yield ['architecture', `${names} (model_type ${show(config['model_type'])})`];
    yield ['sizes', sizesLine(config)];
    yield ['task', taskLine(task, config)];
    if (task === 'text-classification' || task === 'token-classification') yield ['labels', labelsLine(config, info)];
  }
  if (weights !== undefined) {
    const dtypes = Object.entries(weights.dtypes).map(([dtype, count]) => `${dtype} ${shortNumber(count)}`);
    const total = `${shortNumber(weights.parameters)} numbers in ${weights.tensors} tensors`;
    yield ['weights', `${total}, ${megabytes(weights.bytes)}: ${dtypes.join(', ')}`];
  }
  if (tokenizer !== undefined) yield ['tokenizer', tokenizerLine(tokenizer)];
  if (info?.function_to_apply !== undefined) yield ['scores by', info.function_to_apply];
  if (info?.pooling !== undefined) {
    const length = info.normalize === true ? ', to length 1' : '';
    yield ['vectors', `${show(info.dimensions)} numbers, pooling ${info.pooling}${length}`];
  }
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
  const { task } = await inspectFolder(folder);
  const loaded = await loadModel(task, folder, { ...choice, signal, worker: false });
  const info: BaseModelInfo = loaded.info;
  await loaded.dispose();
  const { kernels, binary, threads, dtype, notes } = info;
  const found = {
    kernels,
    binary,
    threads,
    processors: availableParallelism(),
    dtype,
    node: process.versions.node,
    v8: process.versions.v8,
    notes,
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

const bundledModel = (): string => dirname(createRequire(import.meta.url).resolve('@latformer/sentiment/config.json'));

export const inspect: Command = {
  summary: 'show what a model folder is, and whether it will load',
  help,

  async run(args, signal) {
    const { values, positionals } = parseOptions(args, options);
    const choice = parseRunOptions(values);
    const folders = values.model === undefined ? positionals : [...positionals, values.model];
    const [folder = bundledModel()] = folders;
    if (folder === '' || folders.length > 1) throw misuse('one model folder is needed');
    if (values.hashes) return print(`${JSON.stringify(await hashesOf(folder), null, 2)}\n`, signal);
    if (values.kernels) return showKernels(folder, choice, values.json, signal);

    const facts = await inspectFolder(folder);
    const outcome = await load(facts.task, folder, choice, signal);
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
