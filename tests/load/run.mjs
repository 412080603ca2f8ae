// Many calls, streams and pipelines at a flat live heap; storms of abort; workers and threads that are killed while others
// answer. Ends with 'N passed, N failed'.
//   node tests/load/run.mjs [--calls N] [--pipelines N] [--seed N]
// (dist/ must be built; npm run load: 100,000 and 1,000)
//
// All of it as WebAssembly, and by the native addon where one is built. Live is what is left after a collection of garbage; what C++ has
// natively is not in it, so that there counts, too, what is resident beside V8's heap (whose own pages come and go as V8 sees fit), as roughly
// as that can be told. What the first tenth of the work leaves is warm-up; from there on it may grow by a megabyte, which is ten bytes a
// call. Each answer is held against the first one to the same question.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import workerThreads from 'node:worker_threads';
import { addonOf, ownPlatform } from '../../scripts/support/platforms.mjs';
import { tinyModel } from '../js/support/tiny_model.mjs';

const { values: options } = parseArgs({
  options: {
    calls: { type: 'string', default: '2000' },
    pipelines: { type: 'string', default: '40' },
    seed: { type: 'string', default: '1' },
  },
});
const [calls, pipelines] = [Number(options.calls), Number(options.pipelines)];

if (!globalThis.gc) {
  const script = fileURLToPath(import.meta.url);
  const { status } = spawnSync(process.execPath, ['--expose-gc', script, ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  process.exit(status ?? 1);
}

// Workers and threads are seen as they start, so that they can be killed.
const started = [];
const { Worker } = workerThreads;
workerThreads.Worker = class extends Worker {
  constructor(...args) {
    super(...args);
    started.push(this);
  }
};
syncBuiltinESMExports();
const { LatformerError, pipeline } = await import('latformer');

const mayGrow = 1e6; // bytes
const mayGrowBeside = 8e6; // of a native addon, resident beside V8's heap
const files = tinyModel();
const folder = fileURLToPath(new URL('../parity/models/gpt2-tied-f32', import.meta.url));
const generatorFiles = Object.fromEntries(
  readdirSync(folder).map((name) => [name, new Uint8Array(readFileSync(`${folder}/${name}`))]),
);
const hasThreads = availableParallelism() > 1;

let state = Number(options.seed);
/** mulberry32: a whole number below n. */
function below(n) {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % n;
}
const texts = ['a joy from start to finish', 'dull film', '', 'not a good film, not bad.', 'a '.repeat(500)];
const speedups = [1, 2, 6];

/** Bytes that live, after everything that may go is gone. */
async function live() {
  for (let i = 0; i < 3; ++i) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, heapTotal, external, rss } = process.memoryUsage();
  return { bytes: heapUsed + external, resident: rss, beside: rss - heapTotal };
}

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
let passed = 0;
let failed = 0;

/** Does `work` so many times and looks at the heap ten times. */
async function repeat(what, count, work, { device } = {}) {
  count = Math.ceil(count);
  const tenth = Math.max(1, Math.ceil(count / 10));
  let warm;
  let last;
  for (let i = 0; i < count; ++i) {
    await work(i);
    if ((i + 1) % tenth !== 0 && i + 1 !== count) continue;
    last = await live();
    warm ??= last;
    console.log(
      `${i + 1} ${what}: ${megabytes(last.bytes)} live, ${megabytes(last.resident)} resident, ${megabytes(last.beside)} of it beside V8's heap`,
    );
  }
  try {
    const growth = last.bytes - warm.bytes;
    assert.ok(growth < mayGrow, `${what}: what lives grew by ${megabytes(growth)}`);
    const beside = last.beside - warm.beside;
    const isFlat = device !== 'native' || beside < mayGrowBeside;
    assert.ok(isFlat, `${what}: what is resident beside V8's heap grew by ${megabytes(beside)}`);
    passed += 1;
  } catch (error) {
    failed += 1;
    console.log(error.message);
  }
}

const known = new Map();
/** The same question has the same answer. */
function check(question, answer) {
  if (!known.has(question)) known.set(question, answer);
  assert.equal(answer, known.get(question), question);
}

/** A question to a classifier, whose answer is checked. f32 of the two devices differs in its last places. */
async function ask(classify, i, more = {}) {
  const text = texts[i % texts.length];
  const speedup = speedups[i % speedups.length];
  const [{ label, score }] = await classify(text, { speedup, ...more });
  const device = classify.info.binary === 'latformer.node' ? 'native' : 'wasm';
  check(`${device}: ${text.slice(0, 40)} at ${speedup} ${more.long_text ?? ''}`, `${label} ${score}`);
}

const prompts = ['Once upon a time', 'a', 'It was the best of times. Where was it?'];

/** A stream of a generator, read to its end or for `most` pieces. */
async function stream(generate, i, most = Infinity, more = {}) {
  const prompt = prompts[i % prompts.length];
  const speedup = 1 + (i % 2);
  let text = '';
  let pieces = 0;
  for await (const piece of generate.stream(prompt, { max_new_tokens: 8, speedup, do_sample: false, ...more })) {
    text += piece;
    if (++pieces >= most) return;
  }
  check(`${prompt} at ${speedup}`, text);
}

const addon = addonOf(ownPlatform);
if (addon === undefined) console.log('no native addon is built');
else process.env.LATFORMER_ADDON = addon;
const threads = hasThreads ? 2 : 1;

const wasmKinds = [
  { worker: false },
  { worker: true },
  ...(hasThreads
    ? [
        { worker: false, threads },
        { worker: true, threads },
      ]
    : []),
].map((kind) => ({ ...kind, device: 'wasm' }));
const nativeKinds = [{ worker: false }, { worker: true, threads }].map((kind) => ({ ...kind, device: 'native' }));
const kinds = [...(addon === undefined ? [] : nativeKinds), ...wasmKinds];
const kindsInThisThread = kinds.filter(({ worker, threads: count = 1 }) => !worker && count === 1);
const open = (kind) => pipeline('text-classification', { files }, kind);
const openGenerator = (kind) => pipeline('text-generation', { files: generatorFiles }, kind);

for (const kind of kindsInThisThread) {
  const classify = await open(kind);
  await repeat(`calls, ${kind.device}`, calls, (i) => ask(classify, i, { stats: i % 7 === 0 }), kind);
  await classify.dispose();
}

for (const kind of kinds.filter((each) => !kindsInThisThread.includes(each))) {
  const classify = await open(kind);
  const order = [];
  await repeat(`times 64 callers at once, ${JSON.stringify(kind)}`, calls / 640, async () => {
    order.length = 0;
    await Promise.all(Array.from({ length: 64 }, (_, i) => ask(classify, i).then(() => order.push(i))));
    assert.deepEqual(
      order,
      order.map((_, i) => i),
      'in order',
    );
  });
  await classify.dispose();
}

for (const kind of [kinds[0], kinds.at(-1)]) {
  const generate = await openGenerator(kind);
  const pieces = (i) => (i % 5 === 4 ? 1 + (i % 3) : Infinity);
  await repeat(`streams, ${kind.device}`, calls / 20, (i) => stream(generate, i, pieces(i)), kind);
  await generate.dispose();
}

// Storms of abort: most of what is asked is not waited for; what is waited for is right.
const isAbort = (error) => {
  if (error.name !== 'AbortError') throw error;
};
for (const kind of kinds) {
  const classify = await open(kind);
  const generate = await openGenerator(kind);
  await repeat(`storms of abort, ${JSON.stringify(kind)}`, calls / 200, async (i) => {
    const controllers = Array.from({ length: 32 }, () => new AbortController());
    const asked = controllers.map(({ signal }, n) =>
      n % 4 === 0 ? stream(generate, n, Infinity, { signal }) : ask(classify, n, { signal, long_text: 'windows' }),
    );
    const settled = Promise.all(asked.map((each) => each.catch(isAbort)));
    for (const controller of controllers) {
      if (below(3) > 0) controller.abort();
      if (below(4) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await settled;
    await Promise.all([ask(classify, i), stream(generate, i)]);
  });
  await classify.dispose();
  await generate.dispose();
}

// Somebody kills a worker, or a thread, at any moment. Its pipeline says so or answers rightly, never neither; the other one
// answers on.
{
  const steady = await open(kinds.at(-1));
  const steadyGenerator = await openGenerator(kinds.at(-1));
  const died = (error) => {
    if (error instanceof LatformerError && ['internal', 'unsupported_runtime'].includes(error.code)) return;
    throw error;
  };
  const killable = kinds.filter(({ worker, threads: count = 1, device }) => worker || (count > 1 && device === 'wasm'));
  let killed = 0;
  await repeat('pipelines whose workers or threads were killed', pipelines, async (i) => {
    started.length = 0;
    const kind = killable[i % killable.length];
    const isGenerator = i % 2 === 1;
    const opening = isGenerator ? openGenerator(kind) : open(kind);
    const use = async () => {
      const each = await opening;
      await Promise.all(
        Array.from({ length: 8 }, (_, n) => (isGenerator ? stream(each, n) : ask(each, n)).catch(died)),
      );
      return each;
    };
    const using = use().catch(died);
    const answers = Promise.all([ask(steady, i), stream(steadyGenerator, i)]);
    for (let turns = below(40); turns > 0; --turns) await new Promise((resolve) => setImmediate(resolve));
    const victim = started.at(below(started.length || 1));
    if (victim !== undefined) {
      killed += 1;
      await victim.terminate();
    }
    await answers;
    await (await using)?.dispose();
  });
  console.log(`${killed} were killed`);
  await steady.dispose();
  await steadyGenerator.dispose();
}

await repeat('pipelines', pipelines, async (i) => {
  const kind = kinds[i % kinds.length];
  const each = await open(kind);
  await ask(each, i);
  await each.dispose();
  if (i % 4 !== 3) return;
  const generate = await openGenerator(kind);
  await stream(generate, i);
  await generate.dispose();
  started.length = 0;
});
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
