// Latformer beside its peers. Every contender has a process or page to itself; all take turns in one run, so that a noisy
// machine hits all alike. What counts are the ratios.
//
//   npm run bench -- DIR...                     all questions; says first how long it will take (throughput and load:
//                                               of the first DIR alone)
//     --questions latency,throughput,load,kernels
//     --runtimes node-base,node-relaxed,chromium,firefox,webkit  Node without and with relaxed SIMD, browsers
//     --tokens 16,32,64,128,256,512  --threads 1,2  --dtypes fp32,q8  --speedups 1,2,3,4.8
//     --macs                                      speedups as they are without calibration: of work, not of time
//     --only latformer,onnxruntime-web            contenders by name
//     --minutes 1.8                               for each model in each runtime (latency)
//     --quick                                     one thread, two lengths, one runtime, a few rounds: a first look
//     --texts FILE.tsv:COUNT                      texts for throughput, from a column `sentence`; may be given again
//     --resume                                    leaves out the parts that the file of results has already
//     --csv FILE                                  results; those of the same question, model and runtime are replaced
//     --machine NAME                              stands beside results that the file has of another machine, by this name
//
// DIR: any Hugging Face folder of a BERT. What a model needs is made once (models.mjs). Tables and chart of
// docs/performance.md and the README's table: npm run bench:report.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build, buildAddon } from '../../scripts/build.mjs';
import { root } from '../../scripts/support/paths.mjs';
import { Failure, duration, main } from '../../scripts/support/steps.mjs';
import { listOf, numbersOf } from '../support/options.mjs';
import { runtimes } from '../support/runtimes.mjs';
import { installPeers, prepareModel, shapeOf } from '../support/models.mjs';
import * as questions from './questions.mjs';
import { partOf, readResults, record } from '../support/results.mjs';
import { textTables } from './tables.mjs';

const quick = { runtimes: 'node-relaxed', tokens: '32,128', threads: '1', speedups: '1,4.8', minutes: '0.3' };

function choices() {
  const text = { type: 'string' };
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      questions: text,
      runtimes: text,
      tokens: text,
      threads: text,
      dtypes: text,
      speedups: text,
      only: text,
      minutes: text,
      csv: text,
      machine: text,
      texts: { ...text, multiple: true, default: [] },
      quick: { type: 'boolean', default: false },
      resume: { type: 'boolean', default: false },
      macs: { type: 'boolean', default: false },
    },
  });
  if (positionals.length === 0) throw new Failure('name a model folder: npm run bench -- DIR...');
  const all = {
    questions: 'latency,throughput,load,kernels',
    runtimes: runtimes.map(({ name }) => name).join(','),
    tokens: '16,32,64,128,256,512',
    threads: '1,2',
    dtypes: 'fp32,q8',
    speedups: '1,2,3,4.8',
    minutes: '1.8',
    csv: join(root, 'build/bench/results.csv'),
    ...(values.quick ? { ...quick, questions: 'latency' } : {}),
    ...values,
  };
  let asked = listOf(all.questions, 'questions', Object.keys(questions));
  if (values.texts.length === 0 && asked.includes('throughput')) {
    if (values.questions) throw new Failure('throughput needs texts: --texts FILE.tsv:COUNT');
    asked = asked.filter((question) => question !== 'throughput');
    if (!values.quick) console.log('No throughput without --texts FILE.tsv:COUNT.');
  }
  return {
    folders: positionals,
    questions: asked,
    runtimes: listOf(
      all.runtimes,
      'runtimes',
      runtimes.map(({ name }) => name),
    ),
    tokens: numbersOf(all.tokens, 'tokens', 3).sort((a, b) => a - b),
    threads: numbersOf(all.threads, 'threads', 1),
    dtypes: listOf(all.dtypes, 'dtypes', ['fp32', 'q8']),
    speedups: [...new Set([1, ...numbersOf(all.speedups, 'speedups', 1)])], // all are held against 1
    only: all.only && listOf(all.only, 'only'),
    minutes: numbersOf(all.minutes, 'minutes', 0)[0],
    texts: all.texts,
    resume: values.resume,
    macs: values.macs,
    csv: all.csv,
    machine: all.machine,
  };
}

async function bench() {
  const chosen = choices();
  await build();
  await buildAddon();
  await installPeers();
  const models = [];
  for (const folder of chosen.folders) {
    const model = await prepareModel(folder, { onnx: true });
    models.push({ ...model, shape: await shapeOf(model) });
  }
  const done = new Set(chosen.resume ? readResults(chosen.csv).map(partOf) : []);
  const parts = chosen.questions
    .flatMap((question) =>
      (questions[question].firstModelOnly ? models.slice(0, 1) : models).flatMap((model) =>
        chosen.runtimes
          .filter((runtime) => questions[question].runtimes.includes(runtime))
          .map((runtime) => ({
            question,
            model,
            runtime,
            minutes: questions[question].minutes(chosen, model, runtime),
          })),
      ),
    )
    .filter(
      ({ question, model, runtime }) =>
        !done.has(partOf({ question, machine: chosen.machine, model: model.name, runtime })),
    );
  const minutes = parts.reduce((sum, part) => sum + part.minutes, 0);
  console.log(`\n${parts.length} parts, about ${Math.ceil(minutes)} minutes; results go to ${chosen.csv}`);
  const failed = [];
  for (const [i, part] of parts.entries()) {
    const title = `${part.question}, ${part.model.name}, ${part.runtime}`;
    const started = performance.now();
    console.log(`\n${i + 1} of ${parts.length}: ${title}`);
    try {
      const rows = await askPart(part, chosen);
      record(chosen.csv, rows);
      console.log(`${textTables(rows)}\n${duration(performance.now() - started)}`);
    } catch (error) {
      console.error(`\n${error instanceof Failure ? error.message : error.stack}`);
      failed.push(title);
    }
  }
  if (failed.length > 0) throw new Failure(`${failed.length} of ${parts.length} parts failed: ${failed.join('; ')}`);
}

/** Rows of one part. */
async function askPart({ question, model, runtime: name }, chosen) {
  const runtime = await runtimes.find((each) => each.name === name).start('bench/encoders/host.mjs');
  try {
    const rows = await questions[question].ask(runtime, model, chosen, name);
    const place = { machine: chosen.machine, model: model.name, runtime: name, version: runtime.version };
    return rows.map((row) => ({ question, ...place, ...row }));
  } finally {
    await runtime.close();
  }
}

await main(bench);
