// What a millisecond buys: how often a model is right against how long a text takes, at all of its speeds, beside plain models of
// fewer layers.
//
//   npm run bench:tradeoff -- DIR [SMALLER...] --data FILE.tsv
//
//     DIR                          the adjustable model: in Latformer at each speed, in onnxruntime-web in full
//     SMALLER                      plain ones, in full in both
//     --data FILE.tsv              texts in a column `sentence`, which of two classes in a column `label` (0 or 1)
//     --limit N                    the first N texts; default: all
//     --speedups 1,2,3,4.8,6.5     those beyond what DIR was made for are left out
//     --dtype q8  --threads 1  --runtime node-relaxed
//     --svg FILE                   the chart
//
// A call has one text, and all contenders take turns text by text. A speedup is one of work (MACs), as without calibration.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { build } from '../../scripts/build.mjs';
import { Failure, main } from '../../scripts/support/steps.mjs';
import { installPeers, prepareModel, tokenizerOf } from '../support/models.mjs';
import { listOf, numbersOf } from '../support/options.mjs';
import { rowsOf } from '../support/rows.mjs';
import { runtimes } from '../support/runtimes.mjs';
import { markdownTable } from '../support/table.mjs';
import { tradeoffChart } from './chart.mjs';

const libraries = ['latformer', 'onnxruntime-web'];
const warmUpTexts = 20;

function textsOf(file, limit) {
  return rowsOf(file, ['sentence', 'label'], limit).map(({ sentence, label }) => {
    if (label !== '0' && label !== '1') throw new Failure(`${file}: a label is ${label}, neither 0 nor 1`);
    return { text: sentence, isSecond: label === '1' };
  });
}

/**
 * Whoever answers at one speed: { name, library, speedup, ask(text) }, where ask gives milliseconds and the answer. What is opened for
 * that is added to `hosts`.
 */
async function contendersOf(folder, runtime, { dtype, threads, speedups }, hosts) {
  const model = await prepareModel(folder, { onnx: true });
  const tokenize = await tokenizerOf(model);
  const contenders = [];
  for (const library of libraries) {
    const { host, spec } = await runtime.open({ library, dtype, threads }, model);
    hosts.push(host);
    const { maxSpeedup } = await host.call('load', spec);
    for (const speedup of speedups.filter((each) => each <= maxSpeedup)) {
      const ask = async (text) => {
        await host.call('prepare', 'text', { texts: [text], ids: [tokenize(text)], batch: 1, speedup });
        const { times, result } = await host.call('run', 'text', 0);
        return { milliseconds: times[0], isSecond: result > 0.5 };
      };
      contenders.push({ name: model.name, library, speedup, ask });
    }
  }
  return contenders;
}

/** Adds to each contender its `milliseconds` a text, its share of `right` answers, and half of the interval of 95 %. */
async function measure(contenders, texts) {
  for (const { text } of texts.slice(0, warmUpTexts)) {
    for (const { ask } of contenders) await ask(text);
  }
  const sums = contenders.map(() => ({ milliseconds: 0, right: 0 }));
  for (const [i, { text, isSecond }] of texts.entries()) {
    const order = i % 2 === 0 ? contenders.keys() : [...contenders.keys()].toReversed();
    for (const k of order) {
      const answer = await contenders[k].ask(text);
      sums[k].milliseconds += answer.milliseconds;
      sums[k].right += answer.isSecond === isSecond;
    }
  }
  return contenders.map(({ name, library, speedup }, k) => {
    const right = sums[k].right / texts.length;
    const interval = 1.96 * Math.sqrt((right * (1 - right)) / texts.length);
    return { name, library, speedup, right, interval, milliseconds: sums[k].milliseconds / texts.length };
  });
}

const percent = (share) => (100 * share).toFixed(1);

function tableOf(points) {
  return markdownTable({
    head: ['model', 'in', 'speedup', 'ms a text', 'percent right', '± (95 %)'],
    rows: points.map(({ name, library, speedup, milliseconds, right, interval }) => [
      name,
      library,
      String(speedup),
      milliseconds.toFixed(2),
      percent(right),
      percent(interval),
    ]),
  });
}

async function bench() {
  const text = { type: 'string' };
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      data: text,
      limit: text,
      speedups: { ...text, default: '1,2,3,4.8,6.5' },
      dtype: { ...text, default: 'q8' },
      threads: { ...text, default: '1' },
      runtime: { ...text, default: 'node-relaxed' },
      svg: text,
    },
  });
  if (positionals.length === 0)
    throw new Failure('name a folder: npm run bench:tradeoff -- DIR [SMALLER...] --data FILE');
  if (!values.data) throw new Failure('nothing to measure: --data FILE.tsv');
  const kind = runtimes.find(({ name }) => name === values.runtime);
  if (!kind) throw new Failure(`--runtime: there is no ${values.runtime}`);
  const [dtype] = listOf(values.dtype, 'dtype', ['fp32', 'q8']);
  const [threads] = numbersOf(values.threads, 'threads', 1);
  const speeds = numbersOf(values.speedups, 'speedups', 1);
  const texts = textsOf(values.data, values.limit && numbersOf(values.limit, 'limit', 1)[0]);
  if (texts.length === 0) throw new Failure(`${values.data} has no texts`);
  await build();
  await installPeers();
  const runtime = await kind.start('bench/encoders/host.mjs');
  const contenders = [];
  const hosts = [];
  try {
    for (const [i, folder] of positionals.entries()) {
      const chosen = { dtype, threads, speedups: i === 0 ? speeds : [1] };
      contenders.push(...(await contendersOf(folder, runtime, chosen, hosts)));
    }
    const points = await measure(contenders, texts);
    console.log(`\n${texts.length} texts, ${dtype}, ${threads} thread(s), ${runtime.version}\n`);
    console.log(tableOf(points));
    if (values.svg) writeFileSync(values.svg, tradeoffChart(points));
  } finally {
    for (const host of hosts) await host.close();
    await runtime.close();
  }
}

await main(bench);
