// npm run fuzz: builds the fuzz targets of tests/fuzz and runs them one after another, at the lowest priority; prints
// executions and coverage, and for each find the file that reproduces it.
//   npm run fuzz -- [--minutes N] [TARGET ...]     N (1 by default) for each target; all targets by default
//
// What a target has learnt is kept in build/fuzzing/<target>/corpus, and how long it has run in runs.json beside it.
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { constants, setPriority, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { targets } from './fuzz/seeds.mjs';
import { setUp } from './setup/index.mjs';
import { compile } from './support/compile.mjs';
import { logs, root } from './support/paths.mjs';
import { run } from './support/run.mjs';
import { readOrNull, writeWhole } from './support/stamp.mjs';
import { Failure, duration, main, red, step } from './support/steps.mjs';

const slowest = 120; // seconds after which an input hangs, on a machine that has much else to do, too
const mostMegabytes = 2048;

const home = (target) => join(root, 'build', 'fuzzing', target);
const program = (target) => join(root, 'build', 'fuzz', 'tests', 'fuzz', `${target}_fuzz`);

export const buildTargets = (progress) => compile('fuzz', progress, ['latformer_fuzz']);

/** Writes what a target starts from, and its dictionary, if it has one; returns the arguments that name them. */
function prepare(target) {
  const seeds = join(home(target), 'seeds');
  rmSync(seeds, { recursive: true, force: true });
  mkdirSync(seeds, { recursive: true });
  for (const [index, seed] of targets[target].seeds().entries()) writeFileSync(join(seeds, String(index)), seed);
  if (targets[target].dictionaries.length === 0) return [seeds];
  const dictionary = join(home(target), 'dictionary');
  const texts = targets[target].dictionaries.map((name) =>
    readFileSync(join(root, 'tests', 'fuzz', 'dictionaries', `${name}.dict`), 'utf8'),
  );
  writeFileSync(dictionary, texts.join(''));
  return [seeds, `-dict=${dictionary}`];
}

/**
 * Runs one target.
 * @param keep whether what it learns is kept, and what was kept is where it starts
 * @returns {Promise<{executions, perSecond, edges, edgesInAll, features, finds: string[], output: string}>}
 */
export async function fuzz(target, seconds, { keep, progress }) {
  const [seeds, ...dictionary] = prepare(target);
  const corpus = keep ? join(home(target), 'corpus') : mkdtempSync(join(tmpdir(), 'latformer-fuzz-'));
  const finds = join(home(target), 'finds');
  for (const folder of [corpus, finds]) mkdirSync(folder, { recursive: true });
  const before = new Set(readdirSync(finds));
  const counted = { executions: 0, edges: 0, edgesInAll: 0, features: 0 };
  const { ok, output } = await run(
    program(target),
    [
      ...[
        ...dictionary,
        `-artifact_prefix=${finds}/`,
        `-max_total_time=${seconds}`,
        '-max_len=16384',
        '-print_final_stats=1',
      ],
      ...[
        `-timeout=${slowest}`,
        `-report_slow_units=${slowest}`,
        `-rss_limit_mb=${mostMegabytes}`,
        '-malloc_limit_mb=1000000',
        corpus,
        seeds,
      ],
    ],
    {
      log: `fuzz-${target}`,
      check: false,
      env: {
        // More than half of what the process may hold is out of memory, which is a result.
        ASAN_OPTIONS: `allocator_may_return_null=1:max_allocation_size_mb=${mostMegabytes / 2}`,
        UBSAN_OPTIONS: 'print_stacktrace=1',
      },
      onLine: (line) => {
        const [, executions, edges, features] = /^#(\d+)\s.*cov: (\d+) ft: (\d+)/.exec(line) ?? [];
        if (edges)
          Object.assign(counted, { executions: Number(executions), edges: Number(edges), features: Number(features) });
        const [, inAll] = /^INFO: Loaded 1 modules\s+\((\d+) inline/.exec(line) ?? [];
        if (inAll) counted.edgesInAll = Number(inAll);
        const [, inSum] = /^stat::number_of_executed_units:\s*(\d+)/.exec(line) ?? [];
        if (inSum) counted.executions = Number(inSum);
        if (edges) progress.update(`${target}, ${counted.executions} executions, ${counted.edges} edges`);
      },
    },
  );
  if (!keep) rmSync(corpus, { recursive: true });
  const found = readdirSync(finds).filter((name) => !before.has(name));
  if (!ok && found.length === 0) throw new Failure(`${target}_fuzz does not run:\n${output}`);
  return { ...counted, finds: found.map((name) => join(finds, name)), output };
}

/** What is shown of a find: the target's last words and how to see it again. */
export const findText = (target, { finds, output }) =>
  `${output}\n\nAgain: ${relative(root, program(target))} ${finds.map((file) => relative(root, file)).join(' ')}`;

/** Adds a run to all that a target has run so far; returns the sum. */
function record(target, seconds, executions) {
  const path = join(home(target), 'runs.json');
  const sum = JSON.parse(readOrNull(path) ?? '{"seconds":0,"executions":0}');
  sum.seconds += seconds;
  sum.executions += executions;
  writeWhole(path, JSON.stringify(sum));
  return sum;
}

if (process.argv[1] === import.meta.filename) {
  await main(async () => {
    const { values, positionals } = parseArgs({
      options: { minutes: { type: 'string', default: '1' } },
      allowPositionals: true,
    });
    const minutes = Number(values.minutes);
    if (!(minutes > 0)) throw new Failure(`--minutes must be a number above 0, not ${values.minutes}`);
    for (const name of positionals) {
      if (!(name in targets)) throw new Failure(`no target ${name}; there are ${Object.keys(targets).join(', ')}`);
    }
    setPriority(constants.priority.PRIORITY_LOW);
    await setUp('test');
    await step('Fuzz targets', buildTargets);
    let failed = 0;
    for (const target of positionals.length > 0 ? positionals : Object.keys(targets)) {
      const begun = performance.now();
      let result;
      await step(target, async (progress) => {
        result = await fuzz(target, Math.round(minutes * 60), { keep: true, progress });
        const sum = record(target, (performance.now() - begun) / 1000, result.executions);
        return (
          `${result.executions} executions, coverage ${result.edges} of ${result.edgesInAll} edges and ${result.features} features; ` +
          `so far ${sum.executions} executions in ${duration(sum.seconds * 1000)}`
        );
      });
      if (result.finds.length === 0) continue;
      failed += 1;
      console.log(`\n${red(findText(target, result))}\n`);
    }
    console.log(
      failed > 0
        ? `${failed} targets found something; all of it: ${relative(root, logs)}/fuzz-*.log`
        : 'Nothing found.',
    );
    return failed > 0 ? 1 : 0;
  });
}
