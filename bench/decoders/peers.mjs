// Text generation beside its peers: milliseconds to the first token of prompts, tokens a second behind them, loading, memory,
// and what a visitor downloads. Every contender has a process or page to itself; all take turns in one run, so that a noisy
// machine hits all alike. What counts are the ratios.
//
//   node bench/decoders/peers.mjs [DIR...]      DIR: folders of GPT-2 or Llama with tied embeddings; without any, one of
//                                               GPT-2 small's shape with random weights is made
//     --runtimes node-base,node-relaxed,chromium,firefox,webkit   Node without and with relaxed SIMD, browsers;
//                                               without it the last two are left out
//     --prompts 128,512,1024    --decode 32     as many tokens behind prompts of up to 512
//     --threads 1,2    --dtypes fp32,q8,q4      --only latformer,onnxruntime-web,...    --speedups 1,3.72
//     --rounds 5       --csv FILE               results; those of the same model and runtime are replaced
//     --quick                                   128 tokens, one thread, Node with relaxed SIMD, two rounds: a first look
//
// What peers read is made once, by bench/decoders/export.py, and kept in .toolchain/bench. wllama runs in browsers alone.
// The last table holds Latformer against the machine (bench_decoders roofline, in the same runtime).
import { existsSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from '../../scripts/build.mjs';
import { python } from '../../scripts/setup/python.mjs';
import { root, toolchain } from '../../scripts/support/paths.mjs';
import { run } from '../../scripts/support/run.mjs';
import { emptyPartial, hash, putInPlace } from '../../scripts/support/stamp.mjs';
import { Failure, main, step } from '../../scripts/support/steps.mjs';
import { buildProgram } from '../support/build.mjs';
import { isBrowser, runtimes } from '../support/runtimes.mjs';
import { median } from '../support/median.mjs';
import { readResults, record } from '../support/results.mjs';
import { markdownTable } from '../support/table.mjs';

const here = join(root, 'bench');
const kept = join(toolchain, 'bench');
const requirements = join(here, 'requirements.txt');
const all = ['fp32', 'q8', 'q4'];
const inBrowsers = { latformer: all, 'onnxruntime-web': ['fp32', 'q8'], 'transformers.js': ['q8'], wllama: all };
const libraries = {
  'node-base': { latformer: all, 'onnxruntime-web': ['fp32', 'q8'] },
  'node-relaxed': {
    latformer: all,
    'onnxruntime-web': ['fp32', 'q8'],
    'onnxruntime-node': ['fp32', 'q8'],
    'transformers.js': ['q8'],
  },
  chromium: inBrowsers,
  firefox: inBrowsers,
  webkit: inBrowsers,
};

function choices() {
  const text = { type: 'string' };
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      ...Object.fromEntries(
        ['runtimes', 'prompts', 'decode', 'threads', 'dtypes', 'only', 'speedups', 'rounds', 'csv'].map((name) => [
          name,
          text,
        ]),
      ),
      quick: { type: 'boolean', default: false },
    },
  });
  const quick = { runtimes: 'node-relaxed', prompts: '128', threads: '1', rounds: '2', decode: '8', speedups: '1,3' };
  const chosen = {
    runtimes: 'node-base,node-relaxed,chromium',
    prompts: '128,512,1024',
    decode: '32',
    threads: '1,2',
    dtypes: 'fp32,q8,q4',
    speedups: '1,2,3.72',
    rounds: '5',
    csv: join(root, 'build/bench/decoders.csv'),
    ...(values.quick ? quick : {}),
    ...values,
  };
  const list = (name) => chosen[name].split(',').map((each) => each.trim());
  const numbers = (name, least) => {
    const found = list(name).map(Number);
    if (!found.every((each) => each >= least)) throw new Failure(`--${name} takes numbers of at least ${least}`);
    return found;
  };
  const known = runtimes.map(({ name }) => name);
  const wrong = list('runtimes').find((name) => !known.includes(name));
  if (wrong !== undefined) throw new Failure(`--runtimes: there is no ${wrong}; known are ${known.join(', ')}`);
  return {
    folders: positionals,
    runtimes: list('runtimes'),
    prompts: numbers('prompts', 2),
    decode: numbers('decode', 1)[0],
    threads: numbers('threads', 1),
    dtypes: list('dtypes'),
    speedups: [...new Set([1, ...numbers('speedups', 1)])],
    only: chosen.only && list('only'),
    rounds: numbers('rounds', 1)[0],
    csv: chosen.csv,
  };
}

/** Fills `target` once, by work(partial folder). */
async function once(title, target, work) {
  if (existsSync(target)) return target;
  await step(title, async () => {
    const partial = emptyPartial(target);
    await work(partial);
    putInPlace(partial, target);
  });
  return target;
}

async function randomGpt2() {
  const interpreter = await python(requirements);
  return once('GPT-2 small, random weights', join(kept, 'gpt2-small'), (partial) =>
    run(interpreter, [join(here, 'decoders/random_decoder.py'), 'gpt2', partial], { log: 'random-decoder' }),
  );
}

/** The folder in each precision, what the peers read, and the sizes that they must be told. */
async function prepareModel(given) {
  const folder = resolve(given);
  const weights = statSync(join(folder, 'model.safetensors'), { throwIfNoEntry: false });
  if (!weights) throw new Failure(`${given} is no model folder: it holds no model.safetensors`);
  const name = basename(folder);
  const key = hash([folder, String(weights.size), String(weights.mtimeMs)], [join(here, 'decoders/export.py')]).slice(
    0,
    8,
  );
  const quantize = await buildTool();
  const models = {};
  // Under the same roof as the others, which is what a browser is served.
  models.fp32 = await once(`${name}: as it is`, join(kept, `${name}-${key}-fp32`), async (partial) => {
    for (const file of readdirSync(folder)) symlinkSync(join(folder, file), join(partial, file));
  });
  for (const [dtype, bits] of [
    ['q8', '8'],
    ['q4', '4'],
  ]) {
    models[dtype] = await once(`${name}: ${bits} bits`, join(kept, `${name}-${key}-${dtype}`), (partial) =>
      run(quantize, ['--force', ...(bits === '4' ? ['--bits', '4'] : []), folder, partial], { log: 'quantize' }),
    );
  }
  const onnxFolder = await once(
    `${name}: ONNX and GGUF for the peers`,
    join(kept, `${name}-${key}-peers`),
    async (partial) =>
      run(await python(requirements), [join(here, 'decoders/export.py'), folder, partial], { log: 'export-decoder' }),
  );
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
  const heads = config.num_attention_heads ?? config.n_head;
  const shape = {
    kvHeads: config.num_key_value_heads ?? heads,
    headSize: config.head_dim ?? (config.hidden_size ?? config.n_embd) / heads,
    positions: config.max_position_embeddings ?? config.n_positions,
  };
  return { name, folder: models.fp32, models, onnxFolder, shape };
}

async function buildTool() {
  await buildProgram('release', 'latformer-quantize');
  return join(root, 'build/release/core/tools/latformer-quantize');
}

/** Two prompts of exactly `tokens` tokens that differ from the first one on. */
async function promptsOf({ onnxFolder }, tokens) {
  const { AutoTokenizer, env } = await import('@huggingface/transformers');
  env.allowRemoteModels = false;
  env.localModelPath = kept;
  const tokenizer = await AutoTokenizer.from_pretrained(basename(onnxFolder));
  const encode = (text) => tokenizer.encode(text, { add_special_tokens: false }).map(Number);
  const words = 'the film is a joy from start to finish and never dull at all in any of its scenes'.split(' ');
  const texts = [];
  const ids = [];
  for (const first of ['One', 'Now', 'Two', 'Yet']) {
    const long = `${first} ${Array.from({ length: tokens }, (_, i) => words[(i * 7 + (i >> 3)) % words.length]).join(' ')}`;
    const text = tokenizer.decode(encode(long).slice(0, tokens));
    const again = encode(text);
    if (again.length !== tokens) continue;
    texts.push(text);
    ids.push(again);
  }
  if (ids.length < 2) throw new Failure(`no prompts of exactly ${tokens} tokens were found`);
  return { texts, ids };
}

function contendersOf(runtime, { dtypes, threads, only, speedups }) {
  return Object.entries(libraries[runtime])
    .filter(([library]) => !only || only.includes(library))
    .flatMap(([library, precisions]) =>
      precisions
        .filter((dtype) => dtypes.includes(dtype))
        .flatMap((dtype) =>
          threads.map((count) => ({
            name: `${library}, ${dtype}, ${count} thread(s)`,
            library,
            dtype,
            threads: count,
            speedups: library === 'latformer' ? speedups : [1],
          })),
        ),
    );
}

const onnxNames = { fp32: 'model.onnx', q8: 'model_quantized.onnx' };
const ggufNames = { fp32: 'model-f32.gguf', q8: 'model-q8_0.gguf', q4: 'model-q4_0.gguf' };

/** What host.mjs wants to know beside what every contender does. */
const moreOf = ({ models, onnxFolder, shape }, at) => ({
  models: Object.fromEntries(Object.entries(models).map(([dtype, folder]) => [dtype, at(folder)])),
  gguf: Object.fromEntries(Object.entries(ggufNames).map(([dtype, file]) => [dtype, at(join(onnxFolder, file))])),
  shape,
});

/** Bytes that a visitor's browser fetches, gzipped where servers gzip: the runtime and the weights. */
function downloadOf({ library, dtype }, { models, onnxFolder }) {
  const size = (path) => statSync(path).size;
  const zipped = (path) => gzipSync(spawnSync('cat', [path], { maxBuffer: 1 << 28 }).stdout, { level: 9 }).length;
  const peers = join(here, 'node_modules');
  const ort = join(peers, 'onnxruntime-web/dist');
  const runtime = {
    latformer: ['web.mjs', 'web-platform.mjs', 'worker.mjs', 'latformer-relaxed.wasm.gz'].map((file) =>
      join(root, 'dist', file),
    ),
    'onnxruntime-web': ['ort.wasm.min.mjs', 'ort-wasm-simd-threaded.wasm'].map((file) => join(ort, file)),
    'transformers.js': [
      join(peers, '@huggingface/transformers/dist/transformers.min.js'),
      join(ort, 'ort-wasm-simd-threaded.wasm'),
    ],
    wllama: [join(peers, '@wllama/wllama/esm/index.min.js'), join(peers, '@wllama/wllama/esm/wasm/wllama.wasm')],
  }[library];
  const weights =
    {
      latformer: () => join(models[dtype], 'model.safetensors'),
      wllama: () => join(onnxFolder, ggufNames[dtype]),
    }[library] ?? (() => join(onnxFolder, 'onnx', onnxNames[dtype]));
  if (runtime === undefined) return [];
  return [
    { set: 'runtime, gzipped', value: runtime.filter(existsSync).reduce((sum, path) => sum + zipped(path), 0) },
    { set: 'weights', value: size(weights()) },
  ];
}

/** Opens one contender; it is left out, and named, where it cannot be had. */
async function open(runtime, contender, model, prompts, decode) {
  const { host, spec } = await runtime.open(contender, model, (at) => moreOf(model, at));
  const { milliseconds } = await host.call('load', spec);
  for (const [tokens, work] of prompts) {
    const behind = tokens <= 512 ? decode : 0;
    for (const speedup of contender.speedups) {
      await host.call('prepare', `${tokens},${speedup}`, { ...work, decode: behind, speedup });
    }
  }
  return { host, milliseconds };
}

async function ask(runtime, name, model, chosen, prompts) {
  const contenders = [];
  const rows = [];
  for (const contender of contendersOf(name, chosen)) {
    await step(`  ${contender.name}`, async () => {
      try {
        const { host, milliseconds } = await open(runtime, contender, model, prompts, chosen.decode);
        contenders.push({ ...contender, host });
        const { library, dtype, threads } = contender;
        const about = { library, dtype, threads, speedup: 1 };
        rows.push({ ...about, set: 'load', value: milliseconds, unit: 'ms', samples: 1 });
        if (threads === chosen.threads[0]) {
          rows.push(...downloadOf(contender, model).map((row) => ({ ...about, ...row, unit: 'bytes', samples: 1 })));
        }
      } catch (error) {
        return `left out: ${error.message.split('\n')[0]}`;
      }
      return undefined;
    });
  }
  const cells = contenders.flatMap((contender) =>
    [...prompts.keys()].flatMap((size) =>
      contender.speedups.map((speedup) => ({ contender, size, speedup, samples: [] })),
    ),
  );
  await step(`  ${chosen.rounds} rounds`, async () => {
    for (let round = 0; round <= chosen.rounds; ++round) {
      for (const cell of round % 2 === 0 ? cells : cells.toReversed()) {
        const sample = await cell.contender.host.call('run', `${cell.size},${cell.speedup}`);
        if (round > 0) cell.samples.push(sample); // the first is for what runtimes compile and threads wake up to
      }
    }
  });
  for (const { contender, size, speedup, samples } of cells) {
    const { library, dtype, threads } = contender;
    const about = { library, dtype, threads, speedup, size, samples: samples.length };
    rows.push({ ...about, set: 'first token', value: median(samples.map(({ first }) => first)), unit: 'ms' });
    const rates = samples.map(({ rate }) => rate).filter((rate) => rate > 0);
    if (rates.length > 0) rows.push({ ...about, set: 'tokens behind', value: median(rates), unit: 'tokens/s' });
  }
  if (!isBrowser(name)) {
    for (const { host, library, dtype, threads } of contenders) {
      const value = await host.call('peakMemory');
      rows.push({ library, dtype, threads, speedup: 1, set: 'peak memory', value, unit: 'bytes', samples: 1 });
    }
  }
  await Promise.all(contenders.map(({ host }) => host.close()));
  return rows;
}

/** bench_decoders roofline in the binary of this runtime: [dtype, prompt, GOP/s, peak, tokens/s, GB/s, plain read]. */
async function roofline(runtime, name, model, chosen) {
  if (isBrowser(name)) return [];
  const preset = name === 'node-base' ? 'wasm' : 'wasm-relaxed';
  const program = await buildProgram(preset, 'bench_decoders');
  const rows = [];
  for (const dtype of chosen.dtypes) {
    const prompts = chosen.prompts.filter((size) => size <= 512).join(',') || '128';
    const args = [program, model.models[dtype], 'roofline', '--dtype', dtype, '--prompt', prompts, '--tokens'];
    const { status, stdout } = spawnSync(runtime.nodePath, [...args, String(chosen.decode), '--count', '3'], {
      encoding: 'utf8',
      maxBuffer: 1 << 24,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (status !== 0) throw new Failure(`bench_decoders roofline ended with ${status}`);
    const [head, ...lines] = stdout.trim().split('\n');
    const names = head.split(',');
    const samples = lines.map((line) => Object.fromEntries(line.split(',').map((cell, i) => [names[i], cell])));
    for (const size of new Set(samples.map(({ prompt }) => prompt))) {
      const of = (field) => median(samples.filter(({ prompt }) => prompt === size).map((row) => Number(row[field])));
      const about = { library: 'latformer', dtype, threads: 1, speedup: 1, size: Number(size), samples: 3 };
      rows.push({ ...about, set: 'prompt', value: of('gops'), unit: 'GOP/s', peak: of('peak_gops') });
      rows.push({
        ...about,
        set: 'weights read',
        value: of('gb_per_second'),
        unit: 'GB/s',
        peak: of('read_gb_per_second'),
      });
    }
  }
  return rows;
}

const digits = (value) => (value < 9.95 ? value.toFixed(2) : value < 99.5 ? value.toFixed(1) : value.toFixed(0));
const precision = { fp32: 'f32', q8: 'int8', q4: '4 bits' };

/** Tables of one runtime's rows: speed beside onnxruntime-web (of 4 bits: its int8), the rest, and the machine. */
export function tablesOf(rows) {
  const speeds = rows.filter(({ set }) => set === 'first token' || set === 'tokens behind');
  const columns = [
    ...new Map(speeds.map(({ set, size, unit }) => [`${set},${size}`, { set, size, unit }])).values(),
  ].sort((a, b) => a.set.localeCompare(b.set) || a.size - b.size);
  const lines = [
    ...new Map(speeds.map((row) => [[row.library, row.dtype, row.threads, row.speedup].join(), row])).values(),
  ].sort((a, b) => a.threads - b.threads || all.indexOf(a.dtype) - all.indexOf(b.dtype));
  const at = (line, column) =>
    speeds.find(
      (row) =>
        ['library', 'dtype', 'threads', 'speedup'].every((key) => row[key] === line[key]) &&
        row.set === column.set &&
        row.size === column.size,
    );
  const speed = {
    title:
      'Milliseconds to the first token, tokens/s behind it, and times as fast as onnxruntime-web (of 4 bits: as its int8)',
    head: ['', ...columns.map(({ set, size, unit }) => `${set}, ${size} (${unit})`)],
    rows: lines.map((line) => [
      `${line.library} ${precision[line.dtype]}, threads: ${line.threads}${line.speedup > 1 ? `, speedup ${line.speedup}` : ''}`,
      ...columns.map((column) => {
        const own = at(line, column);
        if (!own) return '';
        const peer = at(
          { ...line, library: 'onnxruntime-web', dtype: line.dtype === 'q4' ? 'q8' : line.dtype, speedup: 1 },
          column,
        );
        if (!peer || line.library === 'onnxruntime-web') return digits(own.value);
        const ratio = column.set === 'first token' ? peer.value / own.value : own.value / peer.value;
        return `${digits(own.value)} (${ratio.toFixed(2)}x)`;
      }),
    ]),
  };
  const sets = ['load', 'runtime, gzipped', 'weights', 'peak memory'];
  const others = [
    ...new Map(
      rows.filter(({ set }) => sets.includes(set)).map((row) => [[row.library, row.dtype, row.threads].join(), row]),
    ).values(),
  ];
  const other = {
    title: 'Loading and size',
    head: ['', 'load, ms', 'runtime, MB gzipped', 'weights, MB', 'peak memory, MB'],
    rows: others.map((line) => [
      `${line.library} ${precision[line.dtype]}, threads: ${line.threads}`,
      ...sets.map((set) => {
        const row = rows.find(
          (each) => each.set === set && ['library', 'dtype', 'threads'].every((key) => each[key] === line[key]),
        );
        return row ? digits(row.unit === 'bytes' ? row.value / 1e6 : row.value) : '';
      }),
    ]),
  };
  const machine = {
    title: 'Latformer against the machine, one thread: what is reached, what there is, and the share',
    head: ['', 'prompt', '', 'reached', 'most', 'share'],
    rows: rows
      .filter(({ unit }) => unit === 'GOP/s' || unit === 'GB/s')
      .map(({ dtype, size, set, value, unit, peak }) => [
        precision[dtype],
        String(size),
        set,
        `${digits(value)} ${unit}`,
        `${digits(peak)} ${unit}`,
        `${((100 * value) / peak).toFixed(0)} %`,
      ]),
  };
  return [speed, other, machine].filter((table) => table.rows.length > 0);
}

async function bench() {
  const chosen = choices();
  await build();
  await step('Peers', () => run('npm', ['ci', '--ignore-scripts', '--prefix', here], { log: 'bench-peers' }));
  const folders = chosen.folders.length > 0 ? chosen.folders : [await randomGpt2()];
  for (const folder of folders) {
    const model = await prepareModel(folder);
    const prompts = new Map();
    for (const size of chosen.prompts) {
      if (size > model.shape.positions) console.log(`${model.name} has no ${size} positions`);
      else prompts.set(size, await promptsOf(model, size));
    }
    for (const name of chosen.runtimes) {
      console.log(`\n${model.name}, ${name}`);
      const runtime = await runtimes.find((each) => each.name === name).start('bench/decoders/host.mjs');
      try {
        const rows = [
          ...(await ask(runtime, name, model, chosen, prompts)),
          ...(await roofline(runtime, name, model, chosen)),
        ];
        record(
          chosen.csv,
          rows.map((row) => ({
            question: 'decoders',
            model: model.name,
            runtime: name,
            version: runtime.version,
            ...row,
          })),
        );
        for (const table of tablesOf(rows)) console.log(`\n**${table.title}**\n\n${markdownTable(table)}`);
      } finally {
        await runtime.close();
      }
    }
  }
  console.log(`\nAll of it: ${chosen.csv}, ${readResults(chosen.csv).length} values`);
}

if (process.argv[1] === import.meta.filename) await main(bench);
