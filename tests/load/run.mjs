// Many calls and many pipelines at a flat live heap. Ends with 'N passed, N failed'.
//   node tests/load/run.mjs [--calls N] [--pipelines N]     (dist/ must be built; npm run load: 100,000 and 1,000)
//
// Live is what is left after a collection of garbage. What the first tenth of the work leaves is warm-up; from there on it
// may grow by a megabyte, which is ten bytes a call.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { pipeline } from 'latformer';
import { tinyModel } from '../js/tiny_model.mjs';

const { values: options } = parseArgs({
  options: { calls: { type: 'string', default: '3000' }, pipelines: { type: 'string', default: '40' } },
});

if (!globalThis.gc) {
  const script = fileURLToPath(import.meta.url);
  const { status } = spawnSync(process.execPath, ['--expose-gc', script, ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  process.exit(status ?? 1);
}

const mayGrow = 1e6; // bytes
const files = tinyModel();
const texts = ['a joy from start to finish', 'dull film', '', 'not a good film, not bad.', 'a '.repeat(500)];
const speedups = [1, 2, 6];

/** Bytes that live, after everything that may go is gone. */
async function live() {
  for (let i = 0; i < 3; ++i) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { bytes: heapUsed + external, rss };
}

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
let passed = 0;
let failed = 0;

/** Does `work` so many times and looks at the heap ten times. */
async function repeat(what, count, work) {
  const tenth = Math.max(1, Math.ceil(count / 10));
  let warm;
  let last;
  for (let i = 0; i < count; ++i) {
    await work(i);
    if ((i + 1) % tenth !== 0 && i + 1 !== count) continue;
    last = await live();
    warm ??= last;
    console.log(`${i + 1} ${what}: ${megabytes(last.bytes)} live, ${megabytes(last.rss)} resident`);
  }
  try {
    const growth = last.bytes - warm.bytes;
    assert.ok(growth < mayGrow, `${what}: what lives grew by ${megabytes(growth)}`);
    passed += 1;
  } catch (error) {
    failed += 1;
    console.log(error.message);
  }
}

const classify = await pipeline('text-classification', { files }, { worker: false });
const answers = new Map();
await repeat('calls', Number(options.calls), async (i) => {
  const text = texts[i % texts.length];
  const speedup = speedups[i % speedups.length];
  const [{ label, score }] = await classify(text, { speedup, stats: i % 7 === 0 });
  const key = `${text} at ${speedup}`;
  if (!answers.has(key)) answers.set(key, `${label} ${score}`);
  assert.equal(`${label} ${score}`, answers.get(key), 'the same text at the same speedup');
});

const kinds = [{ worker: false }, { worker: true }, { worker: false, threads: 2 }, { worker: true, threads: 2 }];
await repeat('pipelines', Number(options.pipelines), async (i) => {
  const each = await pipeline('text-classification', { files }, kinds[i % kinds.length]);
  const [{ label, score }] = await each(texts[0]);
  assert.equal(`${label} ${score}`, answers.get(`${texts[0]} at 1`) ?? `${label} ${score}`);
  await each.dispose();
});
await classify.dispose();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
