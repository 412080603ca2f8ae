// npm test: sets up what is missing, then runs every test and check there is, one stage after another. A stage that fails
// does not hide the others. Ends with a table of the stages and the line 'N passed, N failed'.
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { buildTargets, findText, fuzz } from './fuzz.mjs';
import { targets } from './fuzz/seeds.mjs';
import { lint } from './lint.mjs';
import { setUp } from './setup/index.mjs';
import { nodes } from './setup/node.mjs';
import { bundle, compile } from './support/compile.mjs';
import { logs, root } from './support/paths.mjs';
import { run } from './support/run.mjs';
import { filesBelow, readOrNull } from './support/stamp.mjs';
import { bold, dim, duration, main, red, step } from './support/steps.mjs';

const testTimeout = 300_000; // milliseconds of one test file: what hangs must fail
const fuzzSeconds = 5; // of each target
const none = { passed: 0, failed: 0 };
const add = (a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed });
const broken = (progress, what, output) => {
  progress.say(`\n${red(bold(what))}\n${output}\n`);
  return { passed: 0, failed: 1 };
};

/** The GoogleTest programs of a native preset. */
async function native(preset, progress) {
  await compile(preset, progress);
  const programs = filesBelow(`build/${preset}/tests`).filter((path) => /\/latformer_\w+_test$/.test(path));
  let sum = none;
  for (const program of programs) {
    const name = `${preset}-${basename(program)}`;
    progress.update(basename(program));
    const report = join(logs, `${name}.json`);
    mkdirSync(logs, { recursive: true });
    rmSync(report, { force: true });
    const result = await run(program, [`--gtest_output=json:${report}`, '--gtest_brief=1'], {
      log: name,
      check: false,
      env: { ASAN_OPTIONS: 'allocator_may_return_null=1', UBSAN_OPTIONS: 'print_stacktrace=1' },
    });
    const { tests = 0, failures = 0 } = JSON.parse(readOrNull(report) ?? '{}');
    // A program that was broken off has written no report, or one that knows of no failure.
    if (!result.ok) progress.say(`\n${red(bold(basename(program)))}\n${result.output}\n`);
    sum = add(sum, { passed: tests - failures, failed: Math.max(failures, result.ok ? 0 : 1) });
  }
  if (programs.length === 0) return broken(progress, preset, 'there is no test program');
  return sum;
}

/** tests/js by Node's own test runner. */
async function javascript({ version, path }, progress) {
  const files = filesBelow('tests/js').filter((file) => file.endsWith('.test.mjs'));
  if (files.length === 0) return broken(progress, 'tests/js', 'there is no test');
  const log = `node-${version.split('.')[0]}`;
  const counts = {};
  const args = ['--test', '--test-reporter=tap', `--test-timeout=${testTimeout}`, ...files];
  const { ok, output } = await run(path, args, {
    log,
    check: false,
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
async function script(path, progress) {
  if (!existsSync(join(root, path))) return broken(progress, path, 'is missing');
  let counts = null;
  const { ok, output } = await run(process.execPath, [path], {
    log: path.replaceAll('/', '-').replace('.mjs', ''),
    check: false,
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

/** Each fuzz target from its seeds, for some seconds (npm run fuzz goes on for as long as one likes). */
async function fuzzing(progress) {
  await buildTargets(progress);
  let sum = none;
  for (const target of Object.keys(targets)) {
    progress.update(target);
    const result = await fuzz(target, fuzzSeconds, { keep: false, progress });
    if (result.finds.length > 0) sum = add(sum, broken(progress, target, findText(target, result)));
    else sum = add(sum, { passed: 1, failed: 0 });
  }
  return sum;
}

/** A build is no test, but one that fails counts. */
const building = (work) => async (progress) => {
  await work(progress);
  return none;
};

const stages = () => [
  ['Core, native', (progress) => native('release', progress)],
  ['Core, native, under ASan and UBSan', (progress) => native('asan', progress)],
  ['Fuzz targets', fuzzing],
  [
    'Build of the package',
    building(async (progress) => {
      for (const preset of ['wasm', 'wasm-relaxed']) await compile(preset, progress);
      await bundle();
    }),
  ],
  ...nodes().map((node) => [`JavaScript, Node ${node.version}`, (progress) => javascript(node, progress)]),
  ['Package, installed', (progress) => script('tests/package/run.mjs', progress)],
  ['Chromium', (progress) => script('tests/browser/run.mjs', progress)],
  ['Lint', lint],
];

function showTable(rows) {
  const width = Math.max(...rows.map(({ title }) => title.length));
  const line = (title, passed, failed, time) =>
    `${String(title).padEnd(width)}  ${String(passed).padStart(6)}  ${String(failed).padStart(6)}  ${time.padStart(13)}`;
  console.log(`\n${dim(line('', 'passed', 'failed', 'time'))}`);
  for (const { title, passed, failed, time } of rows) {
    const text = line(title, passed, failed, duration(time));
    console.log(failed > 0 ? red(text) : text);
  }
  console.log();
}

await main(async () => {
  const started = performance.now();
  await setUp('test');
  console.log();
  const rows = [];
  for (const [title, work] of stages()) {
    const begun = performance.now();
    let counts = { passed: 0, failed: 1 };
    try {
      await step(title, async (progress) => {
        counts = await work(progress);
        if (counts.failed > 0) throw new Error('');
        return counts.passed > 0 ? `${counts.passed} passed` : '';
      });
    } catch (error) {
      if (error.message) console.log(`\n${error.message}\n`);
    }
    rows.push({ title, ...counts, time: performance.now() - begun });
  }
  showTable(rows);
  const { passed, failed } = rows.reduce(add, none);
  console.log(`All stages: ${duration(performance.now() - started)}. Logs: ${relative(root, logs)}/`);
  console.log(`${passed} passed, ${failed} failed`);
  return failed > 0 ? 1 : 0;
});
