// tests/js by Node's own test runner, and scripts that count their tests themselves.
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { root } from '../support/paths.mjs';
import { nodes } from '../setup/node.mjs';
import { compile } from '../support/compile.mjs';
import { longest, run } from '../support/run.mjs';
import { filesBelow } from '../support/stamp.mjs';
import { bold, red } from '../support/steps.mjs';
import { broken } from './counts.mjs';

// Milliseconds of one test, less than a stage has: Node's test runner does not end a file that lives on after its tests.
const testTimeout = 300_000;

const addonOf = (preset) => join(root, 'build', preset, 'bindings/addon/latformer.node');
const withAddon = /\/(engine\/addon|loading\/progress|tasks\/(bad_input|classify|generate|tokenizer))\.test\.mjs$/;

const isNewest = ({ path }) => path === nodes().at(-1).path;
const inNewest = /\/model_keys\.test\.mjs$/; // a minute of what the core reads in files, which is the same wherever it runs

/** What says how an engine answers, by the native addon. */
export const javascriptNative = (node, progress) =>
  javascript(node, progress, { only: withAddon, env: { LATFORMER_ADDON: addonOf('release') }, kind: '-addon' });

/** The addon's own tests with the addon under AddressSanitizer and UndefinedBehaviorSanitizer, in a Node that is not. */
export async function javascriptSanitized(progress) {
  await compile('fuzz', progress, ['latformer_addon']);
  const runtime = `libclang_rt.asan-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.so`;
  const { output } = await run('clang-19', [`-print-file-name=${runtime}`]);
  const env = {
    LATFORMER_ADDON: addonOf('fuzz'),
    LD_PRELOAD: output.trim(),
    ASAN_OPTIONS: 'detect_leaks=0:allocator_may_return_null=1', // Node itself frees little at its end
  };
  const [node] = nodes();
  return javascript(node, progress, { only: /\/engine\/addon\.test\.mjs$/, env, kind: '-addon-sanitized' });
}

/** tests/js by Node's own test runner. */
export async function javascript(node, progress, { only = /\.test\.mjs$/, env = {}, kind = '' } = {}) {
  const { version, path } = node;
  const files = filesBelow('tests/js').filter((file) => only.test(file) && (isNewest(node) || !inNewest.test(file)));
  if (files.length === 0) return broken(progress, 'tests/js', 'there is no test');
  const log = `node-${version.split('.')[0]}${kind}`;
  const counts = {};
  const sideBySide = `--test-concurrency=${availableParallelism()}`; // Node leaves one processor idle
  const args = ['--test', '--test-reporter=tap', `--test-timeout=${testTimeout}`, sideBySide, ...files];
  const { ok, output } = await run(path, args, {
    log,
    env,
    check: false,
    timeout: longest,
    onLine: (line) => {
      const [, name, number] = /^# (pass|fail|cancelled) (\d+)$/.exec(line) ?? [];
      if (name) counts[name] = Number(number);
      const [, not, title] = /^\s*(not )?ok \d+ - (.*)$/.exec(line) ?? [];
      if (not) progress.say(red(`  not ok: ${title}`));
      else if (title) progress.update(title);
    },
  });
  const failed = (counts.fail ?? 0) + (counts.cancelled ?? 0);
  if (!ok) progress.say(`${failed > 0 ? '' : output}\n  all of it: build/logs/${log}.log\n`);
  return { passed: counts.pass ?? 0, failed: Math.max(failed, ok ? 0 : 1) };
}

/** A script that ends with 'N passed, N failed'. */
export async function script(path, progress, ...args) {
  if (!existsSync(join(root, path))) return broken(progress, path, 'is missing');
  let counts = null;
  const { ok, output } = await run(process.execPath, [path, ...args], {
    log: [path.replaceAll('/', '-').replace('.mjs', ''), ...args.filter((arg) => /^\w+$/.test(arg))].join('-'),
    check: false,
    timeout: longest,
    onLine: (line) => {
      const [, passed, failed] = /^(\d+) passed, (\d+) failed$/.exec(line) ?? [];
      if (passed) counts = { passed: Number(passed), failed: Number(failed) };
      else progress.update(line.trim());
    },
  });
  if (!ok) progress.say(`\n${red(bold(path))}\n${output}\n`);
  counts ??= { passed: ok ? 1 : 0, failed: 0 };
  return { ...counts, failed: Math.max(counts.failed, ok ? 0 : 1) };
}
