// The questions of the benchmark. Each has the runtimes that it is asked in, about how many minutes it takes, and ask():
// rows for results.mjs, all measured in turns. firstModelOnly: what says little new of a second model.
import { basename, dirname } from 'node:path';
import { Failure, step } from '../../scripts/support/steps.mjs';
import { contendersOf } from './contenders.mjs';
import { median } from '../support/median.mjs';
import { textOf, tokenizerOf } from '../support/models.mjs';
import { rowsOf } from '../support/rows.mjs';
import { roofline } from './roofline.mjs';
import { isBrowser, runtimes } from '../support/runtimes.mjs';

/** Opens and loads contenders; one that cannot be had is named and left out. */
async function openAll(contenders, runtime, model) {
  const opened = [];
  for (const contender of contenders) {
    await step(`  ${contender.name}`, async () => {
      const { host, spec } = await runtime.open(contender, model);
      try {
        opened.push({ ...contender, host, ...(await host.call('load', spec)) });
      } catch (error) {
        await host.close();
        return `left out: ${error.message.split('\n')[0]}`;
      }
    });
  }
  if (opened.length === 0) throw new Failure('no contender is left');
  return opened;
}

const closeAll = (contenders) => Promise.all(contenders.map(({ host }) => host.close()));

const rest = () => new Promise((resolve) => setTimeout(resolve, 5)); // for threads of others to go to sleep

/**
 * Every cell takes its turn in every round, until time is up: at least three rounds, at most `most`. There and back, so
 * that none always follows the same other, whose threads may still be spinning.
 */
async function takeTurns(cells, milliseconds, { least = 3, most = 25, turn = 15 } = {}) {
  const begin = performance.now();
  for (let round = 0; round < most; ++round) {
    if (round >= least && performance.now() - begin > milliseconds) break;
    for (const cell of round % 2 === 0 ? cells : cells.toReversed()) {
      await rest();
      const { times, result: probability } = await cell.contender.host.call('run', cell.key, turn);
      cell.times.push(...times);
      cell.probability = probability;
    }
  }
}

/** All f32 contenders at speedup 1 must give the same. */
function compareAnswers(cells) {
  const exact = cells.filter(
    ({ contender, speedup, probability }) => contender.dtype === 'fp32' && speedup === 1 && probability !== undefined,
  );
  const [first] = exact;
  for (const cell of exact) {
    if (Math.abs(cell.probability - first.probability) > 1e-3) {
      throw new Failure(
        `${cell.contender.name} gives ${cell.probability} for ${cell.key}, ` +
          `${first.contender.name} gives ${first.probability}: they do not compute the same`,
      );
    }
  }
}

const columnsOf = ({ library, dtype, threads }) => ({ library, dtype, threads });

/** Multiply-accumulates of a whole BERT, times two. */
function operationsOf({ hidden, inner, layers }, tokens) {
  return 2 * layers * tokens * (4 * hidden * hidden + 2 * hidden * inner + 2 * tokens * hidden);
}

/** All in WebAssembly by one thread; else the first and the last alone. */
function speedupsOf({ library, threads, maxSpeedup = Infinity }, { speedups }) {
  if (!library.startsWith('latformer')) return [1];
  const possible = speedups.filter((speedup) => speedup <= maxSpeedup);
  return library === 'latformer' && threads === 1
    ? possible
    : possible.filter((_, i) => i === 0 || i === possible.length - 1);
}

// Milliseconds. Runtimes optimise what has run for a while, and every number of rows has code of its own.
const warmUp = { time: 300, longest: 128 }; // of each cell, up to so many tokens
const leastTime = 5000; // of all that is measured at one length

/** Milliseconds of one text by its length. */
export const latency = {
  runtimes: runtimes.map(({ name }) => name),

  /** As asked for, or what three rounds take when contenders do 80 GOP/s, as they do on the whole. */
  minutes(chosen, { shape }, runtimeName) {
    const contenders = contendersOf(runtimeName, chosen);
    const shares = contenders.flatMap((contender) => speedupsOf(contender, chosen).map((speedup) => 1 / speedup));
    const round = chosen.tokens.reduce((sum, tokens) => sum + operationsOf(shape, tokens), 0);
    const least = (3 * round * shares.reduce((sum, share) => sum + share, 0)) / 80e9 / 60;
    const short = chosen.tokens.filter((tokens) => tokens <= warmUp.longest).length;
    const warming = (short * shares.length * warmUp.time) / 60_000;
    return (
      Math.max(chosen.minutes, least, (chosen.tokens.length * leastTime) / 60_000) + warming + 0.04 * contenders.length
    );
  },

  async ask(runtime, model, chosen, runtimeName) {
    const tokenize = await tokenizerOf(model);
    const lengths = chosen.tokens.filter((tokens) => tokens <= model.shape.longest);
    const listed = contendersOf(runtimeName, chosen).map((each) => ({ ...each, calibrate: !chosen.macs }));
    const contenders = await openAll(listed, runtime, model);
    try {
      const cells = [];
      for (const contender of contenders) {
        for (const tokens of lengths) {
          const texts = [textOf(tokens)];
          const ids = texts.map(tokenize);
          if (ids[0].length !== tokens) throw new Failure(`${ids[0].length} tokens instead of ${tokens}`);
          for (const speedup of speedupsOf(contender, chosen)) {
            const key = `${tokens} tokens at speedup ${speedup}`;
            await contender.host.call('prepare', key, { texts, ids, batch: 1, speedup });
            cells.push({ contender, key, tokens, speedup, times: [] });
          }
        }
      }
      await step('  warming up', async () => {
        for (const { contender, key, tokens, speedup } of cells) {
          if (tokens === lengths[0] && speedup === 1) await contender.host.call('run', key, 400);
        }
      });
      const deadline = performance.now() + chosen.minutes * 60_000;
      for (const [i, tokens] of lengths.entries()) {
        await step(`  ${tokens} tokens`, async () => {
          const left = lengths.slice(i).reduce((sum, each) => sum + each, 0);
          const these = cells.filter((cell) => cell.tokens === tokens);
          if (tokens <= warmUp.longest) {
            for (const { contender, key } of these) await contender.host.call('run', key, warmUp.time);
          }
          await takeTurns(these, Math.max(leastTime, ((deadline - performance.now()) * tokens) / left));
          compareAnswers(these);
        });
      }
      return cells.map(({ contender, tokens, speedup, times }) => ({
        ...columnsOf(contender),
        speedup,
        size: tokens,
        value: median(times),
        unit: 'ms',
        samples: times.length,
        rate: operationsOf(model.shape, tokens) / median(times) / 1e6,
      }));
    } finally {
      await closeAll(contenders);
    }
  },
};

/** The texts of `FILE:COUNT`, from the column `sentence` of a tab-separated file. */
function textsOf(argument) {
  const [, path, count = '64'] = /^(.*?)(?::(\d+))?$/.exec(argument);
  const texts = rowsOf(path, ['sentence']).flatMap(({ sentence }) => sentence || []);
  return { set: basename(dirname(path)) || basename(path), texts: texts.slice(0, Number(count)) };
}

/** Texts in a second, as one batch and one by one; peers pad a batch to its longest text. */
export const throughput = {
  runtimes: ['node-relaxed'],
  firstModelOnly: true,
  minutes: ({ texts }) => 1.2 * texts.length,

  async ask(runtime, model, chosen, runtimeName) {
    const tokenize = await tokenizerOf(model);
    const narrowed = { ...chosen, threads: chosen.threads.slice(0, 1), dtypes: chosen.dtypes.slice(-1) };
    const listed = contendersOf(runtimeName, narrowed).filter(({ library }) => library !== 'latformer native');
    const contenders = await openAll(listed, runtime, model);
    try {
      const cells = [];
      for (const [i, { set, texts }] of chosen.texts.map(textsOf).entries()) {
        const ids = texts.map(tokenize);
        for (const contender of contenders) {
          for (const batch of [1, contender.library.startsWith('latformer') ? texts.length : 16]) {
            const key = `file ${i}, ${set} by ${batch}`; // two files may be of one set
            await contender.host.call('prepare', key, { texts, ids, batch });
            cells.push({ contender, key, set, size: texts.length, batch, times: [] });
          }
        }
      }
      await step('  texts', () =>
        takeTurns(cells, 60_000 * throughput.minutes(chosen), { least: 1, most: 5, turn: 0 }),
      );
      return cells.map(({ contender, set, size, batch, times }) => ({
        ...columnsOf(contender),
        set,
        size,
        batch,
        value: (1000 * size) / median(times),
        unit: 'texts/s',
        samples: times.length,
      }));
    } finally {
      await closeAll(contenders);
    }
  },
};

/** From the start of a process (or page) to its first answer, and the memory that it had at most. */
export const load = {
  runtimes: runtimes.map(({ name }) => name),
  firstModelOnly: true,
  minutes: (_, { shape }) => (shape.hidden > 512 ? 1.5 : 0.4),

  async ask(runtime, model, chosen, runtimeName) {
    const tokenize = await tokenizerOf(model);
    const texts = [textOf(16)];
    const work = { texts, ids: texts.map(tokenize), batch: 1, speedup: 1 };
    const nothing = { library: 'nothing', name: 'nothing', dtype: '', threads: 1 };
    const listed = contendersOf(runtimeName, { ...chosen, threads: [1] });
    const contenders = [nothing, ...listed.filter(({ library }) => library !== 'latformer native')].map((each) => ({
      ...each,
      times: [],
      peaks: [],
    }));
    await step('  first answers', async () => {
      const deadline = performance.now() + 60_000 * load.minutes(chosen, model);
      for (let round = -1; round < 9 && (round < 3 || performance.now() < deadline); ++round) {
        for (const contender of contenders.filter(({ failed }) => !failed)) {
          const begin = performance.now();
          const { host, spec } = await runtime.open(contender, model);
          try {
            await host.call('load', spec);
            await host.call('prepare', 'first', work);
            await host.call('run', 'first', 0);
            if (round < 0) continue; // files come from the disk
            contender.times.push(performance.now() - begin);
            if (!isBrowser(runtimeName)) contender.peaks.push(await host.call('peakMemory'));
          } catch (error) {
            contender.failed = error.message.split('\n')[0];
            console.log(`  ${contender.name} is left out: ${contender.failed}`);
          } finally {
            await host.close();
          }
        }
      }
    });
    const alone = contenders[0].peaks.length > 0 ? median(contenders[0].peaks) : 0;
    return contenders
      .filter(({ failed }) => !failed)
      .flatMap((contender) => {
        const { times, peaks } = contender;
        const shared = { ...columnsOf(contender), samples: times.length };
        const time = { ...shared, value: median(times), unit: 'ms' };
        if (peaks.length === 0) return [time];
        return [time, { ...shared, value: (median(peaks) - alone) / 1e6, unit: 'MB' }];
      });
  },
};

/** Linear layers and functions alone, ours and XNNPACK's, and the peak of the same binary. */
export const kernels = {
  runtimes: ['node-base', 'node-relaxed'],
  minutes: ({ threads }, _, runtimeName) => (runtimeName === 'node-relaxed' ? 0.2 * (1 + threads.length) : 0.2),

  async ask(runtime, model, chosen, runtimeName) {
    const relaxed = runtimeName === 'node-relaxed';
    const programs = [
      { place: '', preset: relaxed ? 'wasm-relaxed' : 'wasm', node: runtime.nodePath, threads: [1] },
      ...(relaxed ? [{ place: ' native', preset: 'release', threads: chosen.threads }] : []),
    ];
    const rows = [];
    for (const { place, preset, node, threads } of programs) {
      for (const count of threads) {
        const measured = await roofline({ preset, node }, model.shape, count);
        console.log(`  latformer${place}, ${count} thread(s): ${measured.kernels}`);
        for (const { library, dtype, rows: size, gops, peak } of measured.layers) {
          rows.push({ library: library + place, dtype, threads: count, size, value: gops, unit: 'GOP/s', peak });
        }
        for (const { library, name: set, values: size, rate } of count === 1 ? measured.functions : []) {
          rows.push({
            library: library + place,
            dtype: 'fp32',
            threads: 1,
            size,
            set,
            value: rate,
            unit: 'G values/s',
          });
        }
      }
    }
    return rows;
  },
};
