// npm run lint: the floors of docs/architecture.md, clang-format, clang-tidy, eslint, prettier, tsc. `npm run lint -- --fix`
// first mends what can be mended by itself.
import { availableParallelism } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { existsSync, readFileSync } from 'node:fs';
import { checkLayers } from './layers.mjs';
import { setUp } from './setup/index.mjs';
import { configure } from './support/compile.mjs';
import { root } from './support/paths.mjs';
import { run } from './support/run.mjs';
import { filesBelow, hash, stamp, stamped } from './support/stamp.mjs';
import { bold, main, red, step } from './support/steps.mjs';

const cpp = ['core', 'bindings', 'tests', 'bench'];
const below = (folders, pattern) => filesBelow(...folders).filter((path) => pattern.test(path));

const tool = (name, ...args) => run(join(root, 'node_modules', '.bin', name), args, { log: name });
const clangFormat = (...args) => run('clang-format-19', [...args, ...below(cpp, /\.(cc|h)$/)], { log: 'clang-format' });

/** A file and all of ours that it includes, directly or not. */
function withHeaders(file, seen = new Set()) {
  if (seen.has(file) || !existsSync(file)) return seen;
  seen.add(file);
  for (const [, name] of readFileSync(file, 'utf8').matchAll(/^#include "(.+)"$/gm))
    withHeaders(resolve(root, name), seen);
  return seen;
}

/**
 * clang-tidy over the core, at a low priority, a library at a time: most of its work is on the headers that all files of
 * one include. What was clean and has not changed since is left out.
 */
export async function clangTidy(progress) {
  await configure('tidy', progress);
  const database = join(root, 'build', 'tidy');
  await run('cmake', ['--preset', 'tidy'], { log: 'tidy-configure' }); // writes the lists of a library's files anew
  const commands = JSON.parse(readFileSync(join(database, 'compile_commands.json'), 'utf8'));
  const waiting = commands
    .filter(({ file }) => [join(root, 'core'), join(database, 'core')].some((folder) => file.startsWith(folder)))
    .map(({ file, command }) => ({
      file,
      name: `tidy-${relative(root, file).replaceAll('/', '-')}`,
      key: hash([command], [join(root, '.clang-tidy'), ...withHeaders(file)]),
    }))
    .filter(({ name, key }) => !stamped(name, key));
  const total = waiting.length;
  const findings = [];
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      progress.update(`clang-tidy, ${total - waiting.length} of ${total}`);
      const command = ['-n', '19', 'clang-tidy-19', '--quiet', '-p', database, next.file];
      const { ok, output } = await run('nice', command, { check: false, log: next.name });
      if (ok) stamp(next.name, next.key);
      else findings.push(output);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  if (findings.length > 0) throw new Error(findings.join('\n'));
}

/** Every check with its name; each throws what it has found. */
export const checks = [
  ['floors', (progress) => progress.say(checkLayers())],
  ['clang-format', () => clangFormat('--dry-run', '-Werror')],
  ['clang-tidy', clangTidy],
  ['eslint', () => tool('eslint', '--max-warnings', '0', '.')],
  ['prettier', () => tool('prettier', '--check', '--log-level', 'warn', '.')],
  ['tsc', () => tool('tsc', '--noEmit', '-p', root)],
];

/** Runs all checks and shows what they find; returns how many found nothing and how many something. */
export async function lint(progress) {
  const counts = { passed: 0, failed: 0 };
  for (const [name, check] of checks) {
    progress.update(name);
    try {
      await check(progress);
      counts.passed += 1;
    } catch (error) {
      counts.failed += 1;
      progress.say(`\n${red(bold(name))}\n${error.message}\n`);
    }
  }
  return counts;
}

if (process.argv[1] === import.meta.filename) {
  await main(async () => {
    await setUp('test');
    if (process.argv.includes('--fix')) {
      await clangFormat('-i');
      await tool('eslint', '--fix', '.');
      await tool('prettier', '--write', '--log-level', 'warn', '.');
    }
    return (await step('Lint', lint)).failed > 0 ? 1 : 0;
  });
}
