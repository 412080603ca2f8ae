// npm test: sets up what is missing, then runs every test and check there is, one stage after another. A stage that fails
// does not hide the others. Ends with a table of the stages and the line 'N passed, N failed'.
import { relative } from 'node:path';
import { browsers } from './browsers/index.mjs';
import { buildTargets, findText, fuzz } from './fuzz.mjs';
import { targets } from './fuzz/seeds.mjs';
import { lint } from './lint.mjs';
import { setUp } from './setup/index.mjs';
import { nodes } from './setup/node.mjs';
import { checkSizes } from './sizes.mjs';
import { bundle, compile } from './support/compile.mjs';
import { logs, root } from './support/paths.mjs';
import { dim, duration, main, red, step } from './support/steps.mjs';
import { add, broken, building, none } from './test/counts.mjs';
import { javascript, javascriptNative, javascriptSanitized, script } from './test/javascript.mjs';
import { arm64, arm64Addon, buildForWasm, native, threads, wasm } from './test/programs.mjs';

const fuzzSeconds = 5; // of each target

/** All of the bundlers in continuous integration, where as much of its 90 minutes is left; the quick ones elsewhere. */
const bundlers = (progress) => {
  const isTimeForAll = process.env.CI && performance.now() < 65 * 60_000;
  return script('tests/bundlers/run.mjs', progress, ...(isTimeForAll ? ['--all'] : []));
};

/** Each fuzz target from its seeds, for some seconds (npm run fuzz goes on for as long as one likes); two at a time. */
async function fuzzing(progress) {
  await buildTargets(progress);
  const waiting = Object.keys(targets);
  let sum = none;
  const worker = async () => {
    for (let target = waiting.shift(); target; target = waiting.shift()) {
      progress.update(target);
      const result = await fuzz(target, fuzzSeconds, { keep: false, progress });
      if (result.finds.length > 0) sum = add(sum, broken(progress, target, findText(target, result)));
      else sum = add(sum, { passed: 1, failed: 0 });
    }
  };
  await Promise.all([worker(), worker()]);
  return sum;
}

/** Work that begins beside the stages before its own, which leave a processor idle; what it says waits for its turn. */
function beside(work) {
  const said = [];
  let running;
  const begin = () => (running = work({ update: () => undefined, say: (line) => said.push(line) }));
  return {
    before: (stage) => (progress) => {
      begin().catch(() => undefined);
      return stage(progress);
    },
    async stage(progress) {
      try {
        return await (running ?? begin());
      } finally {
        said.forEach((line) => progress.say(line));
      }
    },
  };
}

const linting = beside(lint);

// What small models and layers do, large ones do again, for minutes; and what threads change, ThreadSanitizer sees.
const sanitizedAlone = '-Models/Parity*/sentiment:*AtRealSizes*:MicroKernels*ThreadsChangeNothing*';

const stages = () => [
  ['Core, native', (progress) => native('release', progress)],
  ['Core, native, under ASan and UBSan', (progress) => native('fuzz', progress, sanitizedAlone)],
  ['Core, native, under ThreadSanitizer', threads],
  ['Fuzz targets', fuzzing],
  ...(process.arch === 'arm64' ? [] : [['Kernels for ARM, under qemu', arm64]]),
  [
    'Build of the package',
    building(async (progress) => {
      for (const preset of ['wasm', 'wasm-relaxed']) await compile(preset, progress);
      await bundle();
    }),
  ],
  ['Build of the native addon', building((progress) => compile('release', progress, ['latformer_addon']))],
  ...(process.arch === 'arm64' ? [] : [['Native addon for ARM, under qemu', arm64Addon]]),
  ['Size of the package', checkSizes],
  ['Build of the unit tests as WebAssembly', building(buildForWasm)],
  ...nodes().map((node) => [`Kernels as WebAssembly, Node ${node.version}`, (progress) => wasm(node, progress)]),
  ...nodes().map((node) => [`JavaScript, Node ${node.version}`, (progress) => javascript(node, progress)]),
  ...nodes().map((node) => [`Native addon, Node ${node.version}`, (progress) => javascriptNative(node, progress)]),
  ['Native addon, under ASan and UBSan', javascriptSanitized],
  ['Zoo of bad folders, native and as WebAssembly', (progress) => script('tests/zoo/run.mjs', progress)],
  ['Load: calls and pipelines at a flat heap', linting.before((progress) => script('tests/load/run.mjs', progress))],
  ['Package, installed', (progress) => script('tests/package/run.mjs', progress)],
  ['Chromium, page by page', (progress) => script('tests/browser/run.mjs', progress)],
  ...Object.entries(browsers).map(([id, { name }]) => [
    name,
    (progress) => script('tests/browser/every.mjs', progress, id),
  ]),
  ['Examples', (progress) => script('tests/examples/run.mjs', progress)],
  ['Bundlers', bundlers],
  ['Lint', linting.stage],
  ['Training, where LibTorch is', (progress) => script('scripts/test_train.mjs', progress, '--if-there')],
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
