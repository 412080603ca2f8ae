// The examples, as someone who copies them runs them: against the package as npm would install it. Prints a line for each
// and ends with 'N passed, N failed'; exit code 1 if anything failed.
//   node tests/examples/run.mjs [--only TEXT]      (dist/ must be built; examples/next is a part of test:bundlers)
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { installInto } from '../../scripts/pack.mjs';
import { serve } from '../../scripts/serve.mjs';
import { findProgram, root } from '../../scripts/support/paths.mjs';
import { run } from '../../scripts/support/run.mjs';
import { hash, stamp, stamped, unstamp } from '../../scripts/support/stamp.mjs';
import { launchChromium } from '../../scripts/browsers/index.mjs';

const { values: options } = parseArgs({ options: { only: { type: 'string', default: '' } } });
const here = join(root, 'tests/examples');
const packages = join(here, 'node_modules');
const copies = join(root, 'build/examples');
const policy =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; style-src 'self'";

/** The examples beside their packages, with latformer as npm would publish it among them. */
async function setUp() {
  const key = hash([], [join(here, 'package-lock.json')]);
  if (!stamped('examples', key) || !existsSync(packages)) {
    unstamp('examples');
    await run('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: here, log: 'examples' });
    stamp('examples', key);
  }
  rmSync(copies, { recursive: true, force: true });
  mkdirSync(copies, { recursive: true });
  await installInto(packages, { addon: true });
  cpSync(join(root, 'examples'), copies, { recursive: true });
  symlinkSync(packages, join(copies, 'node_modules'));
}

/** Starts a program of an example; gives the child with what it says so far, and ends it with the test. */
function start(program, args, { env = {}, input } = {}) {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  const started = {
    child,
    stdout: '',
    stderr: '',
    exit: once(child, 'close').then(([code, signal]) => signal ?? code),
  };
  for (const name of ['stdout', 'stderr']) child[name].on('data', (data) => (started[name] += data));
  child.stdin.end(input);
  running.add(child);
  child.once('close', () => running.delete(child));
  return started;
}
const running = new Set();
const node = (path, args = [], more) => start(process.execPath, [join(copies, path), ...args], more);

/** What it says once it says this. */
async function said(started, stream, pattern) {
  while (!pattern.test(started[stream])) {
    if (started.child.exitCode !== null) throw new Error(`it ended: ${started.stderr}`);
    await sleep(20);
  }
  return pattern.exec(started[stream]);
}

async function outcome(started, code = 0) {
  assert.equal(await started.exit, code, started.stderr);
  return started.stdout;
}

/** Shows a folder in Chromium and gives the text of #id once it is more than a placeholder. */
async function textOn(page, id) {
  const found = await page.waitForFunction(
    (name) => {
      const text = document.getElementById(name)?.textContent ?? '…';
      return text === '…' ? false : text;
    },
    id,
    { timeout: 60_000 },
  );
  return found.jsonValue();
}

/** An example served with the package below it, in a browser of its own. */
async function visiting(folders, use) {
  const server = await serve({ folders, policy });
  const chromium = await launchChromium();
  try {
    const page = await chromium.newPage();
    await page.goto(`${server.url}example/`);
    await use(page, server, chromium);
  } finally {
    await chromium.close();
    await server.close();
  }
}
const served = (folder) => [
  { url: '/example/node_modules/', path: packages },
  { url: '/example/', path: join(copies, folder) },
];

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** A Redis of its own, in memory. */
async function withRedis(use) {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'latformer-redis-'));
  const redis = start('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder]);
  try {
    await said(redis, 'stdout', /Ready to accept connections/);
    await use({ REDIS_URL: `redis://127.0.0.1:${port}`, LOCK_MS: '2000' }, folder);
  } finally {
    redis.child.kill();
    await redis.exit;
    rmSync(folder, { recursive: true, force: true });
  }
}

const tests = {
  'page: a text and a speed': () =>
    visiting(served('page'), async (page) => {
      assert.match(await textOn(page, 'answer'), /^POSITIVE 0\.9/);
      await page.fill('#text', 'Dull and overlong.');
      await page.waitForFunction(() => /^NEGATIVE/.test(document.getElementById('answer').textContent));
    }),

  'offline: without a network from the second visit on': () =>
    visiting(served('offline'), async (page, server, chromium) => {
      assert.equal(await textOn(page, 'answer'), 'POSITIVE');
      await server.close();
      await chromium.setOffline(true);
      await page.reload();
      assert.equal(await textOn(page, 'answer'), 'POSITIVE');
    }),

  'vite-react: a production build': async () => {
    const folder = join(copies, 'vite-react');
    await run(process.execPath, [join(packages, 'vite/bin/vite.js'), 'build'], { cwd: folder, log: 'vite-react' });
    await visiting([{ url: '/example/', path: join(folder, 'dist') }], async (page) => {
      assert.match(await textOn(page, 'answer'), /^POSITIVE 0\.9/);
      await page.fill('input:not([type=range])', 'Dull and overlong.');
      await page.waitForFunction(() => /^NEGATIVE/.test(document.getElementById('answer').textContent));
    });
  },

  'node: lines from standard input': async () => {
    const input = 'A joy from start to finish.\nDull and overlong.\n'.repeat(50);
    const lines = (await outcome(node('node/classify.mjs', [], { input }))).trim().split('\n');
    assert.equal(lines.length, 100);
    assert.match(lines[0], /^POSITIVE\t0\.\d+\tA joy/);
    assert.match(lines[99], /^NEGATIVE\t0\.\d+\tDull/);
  },

  'express: an answer within a budget, 400 and health': async () => {
    const cache = mkdtempSync(join(tmpdir(), 'latformer-examples-'));
    const server = node('express/server.mjs', [], { env: { PORT: '0', BUDGET_MS: '200', XDG_CACHE_HOME: cache } });
    const [, url] = await said(server, 'stdout', /(http:\S+)/);
    const post = (body) =>
      fetch(`${url}/sentiment`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    const answer = await (await post(JSON.stringify({ text: 'A joy from start to finish.' }))).json();
    assert.equal(answer.label, 'POSITIVE');
    assert.equal(typeof answer.within_budget, 'boolean');
    assert.equal((await post('{}')).status, 400);
    assert.equal((await (await fetch(`${url}/health`)).json()).pending, 0);
    server.child.kill();
    await server.exit;
    rmSync(cache, { recursive: true, force: true });
  },

  'bulk: one result for each line, though a worker is killed': () =>
    withRedis(async (env, folder) => {
      const bulk = (...args) => node('bulk/bulk.mjs', args, { env });
      const texts = Array.from({ length: 2000 }, (_, i) =>
        i % 3 === 0 ? `A joy, number ${i}.` : `Dull, number ${i}.`,
      );
      const file = join(folder, 'texts.txt');
      writeFileSync(file, texts.map((text) => `${text}\n`).join(''));
      const worker = () => bulk('work', '--workers', '1', '--speedup', '4.8');
      const first = worker();
      const second = worker();
      await Promise.all([first, second].map((each) => said(each, 'stderr', /wait for jobs/)));
      const enqueued = bulk('enqueue', 'reviews', file);
      const collecting = bulk('collect', 'reviews');
      await said(collecting, 'stdout', /"line":200,/);
      first.child.kill('SIGKILL'); // in the middle of two jobs
      await outcome(enqueued);
      await outcome(bulk('enqueue', 'reviews', file)); // once more: nothing doubles
      const lines = (await outcome(collecting))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      assert.deepEqual(
        lines.map(({ line }) => line),
        texts.map((_, i) => i),
      );
      const praise = lines.filter(({ label }) => label === 'POSITIVE').length;
      assert.ok(praise > 400 && praise < 1600, `${praise} of praise`);
      const { lines: count, jobs_done, failed } = JSON.parse(await outcome(bulk('status', 'reviews')));
      assert.deepEqual({ count, jobs_done, failed }, { count: 2000, jobs_done: 10, failed: 0 });
      second.child.kill('SIGTERM');
      assert.equal(await second.exit, 0);
    }),
};

await setUp();
let passed = 0;
let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  if (!name.includes(options.only)) continue;
  if (name.startsWith('bulk') && !findProgram('redis-server')) {
    console.log(`skipped: ${name} (redis-server is missing)`);
    continue;
  }
  const begun = performance.now();
  try {
    await test();
    passed += 1;
    console.log(`ok: ${name} (${((performance.now() - begun) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed += 1;
    console.log(`not ok: ${name}\n${error.stack}`);
  } finally {
    for (const child of running) child.kill('SIGKILL');
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
