// The GoogleTest programs: native, under sanitizers, as WebAssembly in Node, for ARM under qemu.
import { mkdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { armNode } from '../setup/node.mjs';
import { compile, configure } from '../support/compile.mjs';
import { logs, root } from '../support/paths.mjs';
import { addonOf } from '../support/platforms.mjs';
import { longest, run } from '../support/run.mjs';
import { filesBelow, readOrNull } from '../support/stamp.mjs';
import { bold, red } from '../support/steps.mjs';
import { add, broken, none } from './counts.mjs';

// Running out of memory is a result, not a crash.
const env = {
  ASAN_OPTIONS: 'allocator_may_return_null=1',
  TSAN_OPTIONS: 'allocator_may_return_null=1',
  UBSAN_OPTIONS: 'print_stacktrace=1',
};

/**
 * Runs programs to their end, side by side, and counts their tests.
 * @param how through: what starts them ([] for themselves); filter: GoogleTest's; name: of the logs; parts: of each
 *   program, which run side by side, too
 */
async function runPrograms(programs, { through = [], filter = '*', name, parts = availableParallelism() }, progress) {
  const waiting = programs.flatMap((program) => Array.from({ length: parts }, (_, part) => ({ program, part })));
  let sum = none;
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { program, part } = next;
      const log = `${name}-${basename(program, '.cjs')}-${part + 1}`;
      progress.update(`${basename(program)}, part ${part + 1} of ${parts}`);
      const report = join(logs, `${log}.json`);
      mkdirSync(logs, { recursive: true });
      rmSync(report, { force: true });
      const options = [`--gtest_output=json:${report}`, '--gtest_brief=1', `--gtest_filter=${filter}`];
      const [command, ...args] = [...through, program, ...options];
      const shard = { GTEST_TOTAL_SHARDS: String(parts), GTEST_SHARD_INDEX: String(part) };
      const result = await run(command, args, { log, check: false, timeout: longest, env: { ...env, ...shard } });
      const { tests = 0, failures = 0 } = JSON.parse(readOrNull(report) ?? '{}');
      // A program that was broken off has written no report, or one that knows of no failure.
      if (!result.ok) progress.say(`\n${red(bold(log))}\n${result.output}\n`);
      sum = add(sum, { passed: tests - failures, failed: Math.max(failures, result.ok ? 0 : 1) });
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return sum;
}

const programOf = (preset, folder, ending = '') =>
  join(root, 'build', preset, 'tests', 'unit', `latformer_${folder}_test${ending}`);
const target = (folder) => `latformer_${folder}_test`;

/** All test programs of a native preset, without the tests of `filter` (GoogleTest's). */
export async function native(preset, progress, filter = '*') {
  await compile(preset, progress);
  const programs = filesBelow(`build/${preset}/tests`).filter((path) => /\/latformer_\w+_test$/.test(path));
  if (programs.length === 0) return broken(progress, preset, 'there is no test program');
  return runPrograms(programs, { name: preset, filter }, progress);
}

/** What uses several threads, under ThreadSanitizer. */
export async function threads(progress) {
  const folders = ['kernels', 'tasks'];
  await compile('tsan', progress, folders.map(target));
  return runPrograms(
    folders.map((folder) => programOf('tsan', folder)),
    { filter: '*Thread*:*SideBySide*:Classifier*', name: 'tsan' },
    progress,
  );
}

const wasmPresets = ['wasm', 'wasm-relaxed'];
const wasmFolders = ['kernels'];

export async function buildForWasm(progress) {
  for (const preset of wasmPresets) {
    await configure(preset, progress);
    await run('cmake', ['--preset', preset, '-DLATFORMER_TESTS=ON'], { log: `${preset}-configure-tests` });
    await compile(preset, progress, wasmFolders.map(target));
  }
}

/**
 * The kernels as WebAssembly, base and relaxed, with every table of micro-kernels that is compiled in, so also those that
 * this processor would not pick. Threads are workers there, which tests/js has.
 */
export async function wasm({ version, path }, progress) {
  let sum = none;
  // Node 20 has relaxed SIMD by a flag alone, and its dot product is wrong there (bindings/wasm/binaries.ts).
  const presets = Number.parseInt(version) < 22 ? ['wasm'] : wasmPresets;
  for (const preset of presets) {
    // As WebAssembly they do not see the environment, which tells them their part.
    const name = `${preset}-node-${Number.parseInt(version)}`;
    const how = { through: [path], filter: '-*Thread*', name, parts: 1 };
    sum = add(
      sum,
      await runPrograms(
        wasmFolders.map((folder) => programOf(preset, folder, '.cjs')),
        how,
        progress,
      ),
    );
  }
  return sum;
}

/** The kernels for ARM, under qemu, which is slow: without the tests at the sizes of real models and of large matrices. */
export async function arm64(progress) {
  await compile('arm64', progress, [target('kernels')]);
  const how = {
    through: ['qemu-aarch64'],
    filter: '-*AtRealSizes*:*WhateverStandsBeside*:*DotRows*ThreadsChangeNothing*',
    name: 'arm64',
  };
  return runPrograms([programOf('arm64', 'kernels')], how, progress);
}

/** The addon for ARM in a Node for ARM: the package's answers, in the calling thread, and in a worker with threads. */
export async function arm64Addon(progress) {
  await compile('arm64', progress, ['latformer_addon']);
  let sum = none;
  for (const how of [
    { worker: false, threads: 1 },
    { worker: true, threads: 2 },
  ]) {
    const options = JSON.stringify({ device: 'native', ...how });
    progress.update(options);
    const program = ['-L', '/usr/aarch64-linux-gnu', armNode(), 'tests/package/project/use.mjs', options];
    const result = await run('qemu-aarch64', program, {
      check: false,
      timeout: longest,
      log: 'arm64-addon',
      env: { LATFORMER_ADDON: addonOf('linux-arm64-gnu') },
    });
    const isGood = result.ok && /POSITIVE NEGATIVE.*"latformer\.node"/.test(result.output);
    sum = add(sum, isGood ? { passed: 1, failed: 0 } : broken(progress, `arm64, ${options}`, result.output));
  }
  return sum;
}
