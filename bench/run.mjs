// Side by side with the peers, in one process, every contender taking its turn at every length in every round, so that a
// noisy machine hits all alike. Prints median milliseconds, and how many times as fast as the baseline each one is.
//
//   npm run bench -- DIR [--tokens 16,32,64,128,256,512] [--rounds 9] [--threads 1]
//                        [--only NAME,NAME] [--baseline 'onnxruntime-web f32'] [--csv FILE]
//
// DIR: a Hugging Face folder of a BertForSequenceClassification with BERT's vocabulary. Its ONNX files are exported once
// into .toolchain/bench (Python's libraries go into .toolchain/python); the peers' packages go into bench/node_modules.
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from '../scripts/build.mjs';
import { python } from '../scripts/setup/python.mjs';
import { root, toolchain } from '../scripts/support/paths.mjs';
import { run } from '../scripts/support/run.mjs';
import { emptyPartial, hash, putInPlace } from '../scripts/support/stamp.mjs';
import { Failure, main, step } from '../scripts/support/steps.mjs';
import { contenders, inputOf } from './contenders.mjs';

const here = join(root, 'bench');

async function installPeers() {
  if (existsSync(join(here, 'node_modules/.package-lock.json'))) return 'there';
  // Their install scripts would download accelerator libraries that are not wanted here.
  await run('npm', ['ci', '--ignore-scripts', '--prefix', here], { log: 'bench-peers' });
}

/** The folder of a model's ONNX files, exported on the first call. */
async function exportOnnx(folder) {
  const key = hash([folder], [join(folder, 'config.json'), join(here, 'export_onnx.py')]);
  const target = join(toolchain, 'bench', key.slice(0, 12));
  if (!existsSync(target)) {
    const interpreter = await python(join(here, 'requirements.txt'));
    await step('ONNX files for the peers', async () => {
      const partial = emptyPartial(target);
      await run(interpreter, [join(here, 'export_onnx.py'), folder, partial], { log: 'bench-onnx' });
      putInPlace(partial, target);
    });
  }
  return target;
}

async function vocabularyOf(folder) {
  const { model } = JSON.parse(await readFile(join(folder, 'tokenizer.json'), 'utf8').catch(() => '{}'));
  if (model) return new Map(Object.entries(model.vocab));
  const lines = (await readFile(join(folder, 'vocab.txt'), 'utf8')).split(/\r?\n/);
  return new Map(lines.map((token, id) => [token, id]));
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '))
    .join('\n');
}

async function bench() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      tokens: { type: 'string', default: '16,32,64,128,256,512' },
      rounds: { type: 'string', default: '9' },
      threads: { type: 'string', default: '1' },
      only: { type: 'string' },
      baseline: { type: 'string', default: 'onnxruntime-web f32' },
      csv: { type: 'string' },
    },
  });
  if (positionals.length !== 1) throw new Failure('name one model folder: npm run bench -- DIR');
  const folder = resolve(positionals[0]);
  const lengths = values.tokens.split(',').map(Number);
  const rounds = Number(values.rounds);
  const threads = Number(values.threads);
  const only = values.only?.split(',');

  await build();
  await step('Peers', installPeers);
  const onnxFolder = await exportOnnx(folder);
  const vocabulary = await vocabularyOf(folder);
  const inputs = lengths.map((tokens) => inputOf(tokens, vocabulary));

  const runners = [];
  for (const { name, prepare } of contenders) {
    if (only && !only.includes(name)) continue;
    process.stderr.write(`loading ${name}\n`);
    const runner = await prepare({ folder, onnxFolder, threads });
    if (runner) runners.push({ name, ...runner, times: lengths.map(() => []) });
  }
  for (let round = -1; round < rounds; ++round) {
    process.stderr.write(round < 0 ? 'warming up\n' : `round ${round + 1} of ${rounds}\n`);
    for (const [i, input] of inputs.entries()) {
      for (const runner of runners) {
        const start = performance.now();
        await runner.run(input);
        if (round >= 0) runner.times[i].push(performance.now() - start);
      }
    }
  }

  const medians = runners.map(({ name, times }) => ({ name, ms: times.map(median) }));
  const baseline = medians.find(({ name }) => name === values.baseline) ?? medians[0];
  const cells = ({ ms }, format) => ms.map(format);
  console.log(`\nmilliseconds, median of ${rounds} interleaved rounds, ${threads} thread(s), batch 1`);
  console.log(
    table([['tokens', ...lengths.map(String)], ...medians.map((m) => [m.name, ...cells(m, (x) => x.toFixed(1))])]),
  );
  console.log(`\ntimes as fast as ${baseline.name}`);
  const ratio = (ms, i) => (baseline.ms[i] / ms).toFixed(2);
  console.log(table([['tokens', ...lengths.map(String)], ...medians.map((m) => [m.name, ...cells(m, ratio)])]));
  if (values.csv) {
    const lines = medians.flatMap(({ name, ms }) =>
      ms.map((x, i) => `${name},${threads},${lengths[i]},${x.toFixed(3)}`),
    );
    await writeFile(values.csv, ['contender,threads,tokens,milliseconds', ...lines, ''].join('\n'));
  }
  for (const { close } of runners) await close();
}

await main(bench);
