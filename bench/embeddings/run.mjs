// Embeddings: what a speedup costs in quality, and how fast they are beside transformers.js.
//
//   npm run bench:embeddings -- DIR... [options]   folders of sentence-transformers, say before and after training
//
//   --judged FILE           pairs with how alike people find them (STS-B: sentence1, sentence2, label): Spearman's correlation
//   --paraphrases FILE      pairs of which those with label 1 say the same (MRPC): recall@10 of sentence2 by sentence1
//   --first-sentences FILE  texts (column sentence: IMDB): recall@10 of a text by its first sentence, which it lacks then
//   --limit N               pairs or texts of each; default: all, and 1000 first sentences
//   --speedups 1,2,3,4.8    those beyond what a model was made for are left out
//   --speed                 times, too: of the last DIR, one thread
//   --runtimes LIST         node-relaxed (default; transformers.js is native there), chromium (where it is WebAssembly), ...
//   --dtypes fp32,q8        of the times
//   --count 10000           sentences of the long list
//   --minutes 1             for each contender and precision, about
//   --quick                 100 pairs, 200 sentences, a few rounds: a first look
//
// Queries and documents are computed at the same speedup, by the folder's pooling (an encoder by itself: the mean), and made
// of length 1. A speedup is one of work (MACs), as without calibration.
import { basename, dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from '../../scripts/build.mjs';
import { Failure, main } from '../../scripts/support/steps.mjs';
import { installPeers, prepareEmbedder, textOf } from '../support/models.mjs';
import { median } from '../support/median.mjs';
import { runtimes } from '../support/runtimes.mjs';
import { markdownTable } from '../support/table.mjs';
import * as quality from './quality.mjs';

const setOf = (file) => basename(dirname(file));

/** What is measured, each a row: a title, and (embed, speedup) -> a share of 1. */
function measures({ judged, paraphrases, 'first-sentences': first }, limit) {
  return [
    ...(judged ? [[`${setOf(judged)}, Spearman's correlation`, quality.judged(judged, limit)]] : []),
    ...(paraphrases ? [[`${setOf(paraphrases)}, recall@10`, quality.paraphrases(paraphrases, limit)]] : []),
    ...(first ? [[`${setOf(first)}, recall@10`, quality.firstSentences(first, limit ?? 1000)]] : []),
  ];
}

async function qualityOf(folders, asked, speedups) {
  const { pipeline } = await import('../../dist/node.mjs');
  const head = ['', 'model', ...speedups.map((speedup) => `at ${speedup}x`)];
  const rows = [];
  for (const folder of folders) {
    const embed = await pipeline('feature-extraction', folder, { worker: false });
    for (const [title, measure] of asked) {
      const cells = [];
      for (const speedup of speedups) {
        cells.push(speedup > embed.maxSpeedup ? '' : (100 * (await measure(embed, speedup))).toFixed(1));
      }
      rows.push([title, basename(folder), ...cells]);
    }
    await embed.dispose();
  }
  rows.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)); // models of one measure below each other
  return markdownTable({ head, rows });
}

const contenders = ['latformer', 'transformers.js'];

/** The work of each row of the table of times: texts, how many go into one call, and what a text's time is called. */
function works(count) {
  const sentences = Array.from({ length: count }, (_, i) => textOf(8 + ((i * 7) % 25))); // 8 to 32 tokens
  return {
    'a sentence by itself': { texts: sentences.slice(0, 25), batch: 1 },
    [`${count} sentences, 32 a call`]: { texts: sentences, batch: 32 },
    'a passage of 256 tokens': { texts: Array.from({ length: 4 }, () => textOf(256)), batch: 1 },
  };
}

async function timesOf(model, name, { speedups, dtypes, count, minutes }) {
  const runtime = await runtimes.find((each) => each.name === name).start('bench/embeddings/host.mjs');
  const rows = [];
  try {
    for (const dtype of dtypes) {
      const opened = [];
      for (const library of contenders) {
        const { host, spec } = await runtime.open({ library, dtype, threads: 1 }, model);
        opened.push({ library, host, ...(await host.call('load', spec)) });
      }
      const cells = Object.entries(works(count)).flatMap(([title, work]) =>
        opened.flatMap(({ library, host, maxSpeedup }) =>
          (library === 'latformer' ? speedups : [1])
            .filter((speedup) => speedup <= maxSpeedup)
            .map((speedup) => ({
              title,
              work,
              library,
              host,
              speedup,
              times: [],
              key: `${title} ${speedup}`,
            })),
        ),
      );
      for (const { host, key, work, speedup } of cells) await host.call('prepare', key, { ...work, speedup });
      await takeTurns(cells, minutes * 60_000 * contenders.length);
      for (const host of opened) await host.host.close();
      rows.push(...timeRows(dtype, cells, speedups));
    }
  } finally {
    await runtime.close();
  }
  const head = [
    `ms a text, ${runtime.version}`,
    'transformers.js',
    ...speedups.map((speedup) => `latformer at ${speedup}x`),
  ];
  return markdownTable({ head, rows });
}

/** All cells take turns until the time is over, each at least three times, so that a busy machine disturbs all alike. */
async function takeTurns(cells, milliseconds) {
  const begin = performance.now();
  let first = [];
  for (let round = 0; round < 3 || performance.now() - begin < milliseconds; ++round) {
    for (const cell of cells) {
      const { times, result } = await cell.host.call('run', cell.key, 0);
      if (round > 0) cell.times.push(...times); // the first one warms up
      if (round === 0 && cell.speedup === 1) first.push({ ...cell, vector: result });
    }
    for (const { title, vector, library } of first) {
      const other = first.find((each) => each.title === title);
      const cosine = vector.reduce((sum, value, k) => sum + value * other.vector[k], 0);
      if (cosine < 0.9) throw new Failure(`${library} and ${other.library} do not compute the same: cosine ${cosine}`);
    }
    first = [];
  }
}

function timeRows(dtype, cells, speedups) {
  return [...new Set(cells.map(({ title }) => title))].map((title) => {
    const of = (library, speedup) => {
      const cell = cells.find((each) => each.title === title && each.library === library && each.speedup === speedup);
      return cell && median(cell.times) / cell.work.texts.length;
    };
    const peer = of('transformers.js', 1);
    const ours = speedups.map((speedup) => of('latformer', speedup));
    return [
      `${title}, ${dtype}`,
      peer.toFixed(2),
      ...ours.map((time) => (time === undefined ? '' : `${time.toFixed(2)} (${(peer / time).toFixed(2)}x)`)),
    ];
  });
}

async function bench() {
  const text = { type: 'string' };
  const flag = { type: 'boolean', default: false };
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      judged: text,
      paraphrases: text,
      'first-sentences': text,
      limit: text,
      speedups: { ...text, default: '1,2,3,4.8' },
      dtypes: { ...text, default: 'fp32,q8' },
      runtimes: { ...text, default: 'node-relaxed' },
      count: text,
      minutes: text,
      speed: flag,
      quick: flag,
    },
  });
  if (positionals.length === 0) throw new Failure('name a folder: npm run bench:embeddings -- DIR...');
  const numbers = (name, otherwise) => (values[name] ?? otherwise).split(',').map(Number);
  const speedups = numbers('speedups');
  const limit = values.limit ? Number(values.limit) : values.quick ? 100 : undefined;
  const asked = measures(values, limit);
  const unknown = values.runtimes.split(',').find((each) => !runtimes.some(({ name }) => name === each));
  if (unknown !== undefined) throw new Failure(`--runtimes: there is no ${unknown}`);
  if (asked.length === 0 && !values.speed) {
    throw new Failure('nothing to measure: --judged, --paraphrases, --first-sentences or --speed');
  }
  await build();
  if (asked.length > 0) console.log(`\n${await qualityOf(positionals, asked, speedups)}`);
  if (!values.speed) return;
  const count = Number(values.count ?? (values.quick ? 200 : 10_000));
  const minutes = Number(values.minutes ?? (values.quick ? 0.05 : 1));
  const dtypes = values.dtypes.split(',');
  await installPeers();
  const model = await prepareEmbedder(positionals.at(-1));
  for (const runtime of values.runtimes.split(',')) {
    console.log(`\n${await timesOf(model, runtime, { speedups, dtypes, count, minutes })}`);
  }
}

await main(bench);
