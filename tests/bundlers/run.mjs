// The package in production builds of the bundlers that people use, each run for real: pages in Chromium under a strict
// policy and, isolated, with threads; servers in Node; and by itself in Deno and Bun. Prints a line for each and ends with 'N passed, N failed'; exit
// code 1 if anything failed.
//   node tests/bundlers/run.mjs [--all] [--only TEXT]      (dist/ must be built; --all takes Parcel and Next, too)
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { installInto } from '../../scripts/pack.mjs';
import { packagesBelow, serve, strictPolicy } from '../../scripts/serve.mjs';
import { root } from '../../scripts/support/paths.mjs';
import { run } from '../../scripts/support/run.mjs';
import { hash, stamp, stamped, unstamp } from '../../scripts/support/stamp.mjs';
import { launchChromium } from '../../scripts/browsers/index.mjs';

const { values: options } = parseArgs({
  options: { all: { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
});
const here = join(root, 'tests/bundlers');
const outputs = join(root, 'build/bundlers');
const modules = join(here, 'node_modules');
const timeout = 120_000;
const good = ['POSITIVE', 'NEGATIVE'];

/** What the lock file of tests/bundlers/`folder` names. */
async function setUp(folder) {
  const path = join(here, folder);
  const name = `bundlers-${folder || 'common'}`;
  const key = hash([], [join(path, 'package-lock.json')]);
  if (stamped(name, key) && existsSync(join(path, 'node_modules'))) return;
  unstamp(name);
  await run('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: path, log: name });
  stamp(name, key);
}

/** Runs a bundler's command of node_modules/.bin in tests/bundlers/`folder`. */
const bundler = (folder, name, ...args) =>
  run(process.execPath, [join(here, folder, 'node_modules/.bin', name), ...args], {
    cwd: join(here, folder),
    timeout,
    env: { NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' },
  });
const esbuild = (...args) => run(join(root, 'node_modules/.bin/esbuild'), args, { cwd: here });

function emptyOutput(name) {
  const path = join(outputs, name);
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true });
  return path;
}

/** The page for bundlers that make a script only. */
function writePage(folder, script = './main.js') {
  const head = `<meta charset="utf-8" /><title>A built page</title>`;
  const page = `<!doctype html><html lang="en"><head>${head}<script type="module" src="${script}"></script></head></html>`;
  writeFileSync(join(folder, 'index.html'), `${page}\n`);
}

/** Opens a page, waits for its outcome, and fails if it complained of anything else than `expected`. */
async function outcomeOf(url, expected = /^$/) {
  const page = await chromium.newPage();
  const complaints = [];
  page.on('console', (message) => {
    const isIcon = message.location().url.endsWith('/favicon.ico');
    if (message.type() === 'error' && !isIcon && !expected.test(message.text())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  try {
    await page.goto(url);
    const found = await page
      .waitForFunction(() => self.outcome, undefined, { timeout: 60_000 })
      .catch((error) => {
        throw new Error(`${error.message}\n${complaints.join('\n')}`);
      });
    const outcome = await found.jsonValue();
    const text = await page.evaluate(() => document.body?.innerText ?? '');
    assert.equal(outcome.error, undefined, complaints.join('\n'));
    assert.deepEqual(outcome.labels, good);
    assert.deepEqual(complaints, []);
    return { ...outcome, text };
  } finally {
    await page.close();
  }
}

/** The page in `folder`, under a strict policy; then on an isolated page with two threads. */
async function checkPage(folder, query = '', more = {}) {
  for (const isIsolated of [false, true]) {
    const server = await serve({ folders: [{ url: '/built/', path: folder }], isIsolated, ...more });
    try {
      const threads = isIsolated ? 2 : 1;
      const { info } = await outcomeOf(`${server.url}built/?threads=${threads}${query}`);
      assert.equal(info.threads, threads);
    } finally {
      await server.close();
    }
  }
}

/** The program as an endpoint would run it: in its own thread, in a worker, and with threads. */
async function checkProgram(path, cwd = tmpdir()) {
  for (const args of [
    ['here', '1'],
    ['worker', '1'],
    ['here', '2'],
    ['worker', '2'],
  ]) {
    const { output } = await run(process.execPath, [path, ...args], { cwd });
    assert.equal(output.trim(), good.join(' '));
  }
}

/** As CommonJS, which must lie where its packages do, and where git ignores it: others read the tree meanwhile. */
async function whileCommon(use) {
  const path = join(here, 'node/built/common.cjs');
  await esbuild('node/main.mjs', '--format=cjs', '--platform=node', `--outfile=${path}`);
  try {
    return await use(path);
  } finally {
    rmSync(path, { force: true });
  }
}

/** A function of a host such as Vercel: what its tracer finds that the program needs is copied there, and nothing else. */
async function checkTraced(program) {
  const { nodeFileTrace } = await import(pathToFileURL(join(modules, '@vercel/nft/out/index.js')).href);
  const { fileList } = await nodeFileTrace([program], { base: here });
  const host = mkdtempSync(join(tmpdir(), 'latformer-traced-'));
  try {
    for (const file of fileList) cpSync(join(here, file), join(host, file), { recursive: true });
    await checkProgram(join(host, relative(here, program)), host);
  } finally {
    rmSync(host, { recursive: true, force: true });
  }
}

// Programs that run JavaScript and are not Node, by the packages of npm that bring them.
const otherRuntimes = [
  ['Deno', '@deno/linux-x64-glibc/deno', ['run', '--allow-all']],
  ['Bun', '@oven/bun-linux-x64/bin/bun', []],
];

/** The package in one of them, as a module and as CommonJS, with the addon where there is one, and as WebAssembly. */
async function checkRuntime(program, flags) {
  const path = join(here, 'runtimes/node_modules', program);
  if (!existsSync(path)) return 'npm has none for this platform';
  const env = { DENO_DIR: emptyOutput('deno') }; // its cache of code takes a file that was built anew, as long as before, for the old one
  await whileCommon(async (common) => {
    for (const [file, ...args] of [
      [join(here, 'node/main.mjs'), 'here', '2', 'wasm'],
      [join(here, 'node/main.mjs'), 'worker', '1', 'wasm'],
      [join(here, 'node/main.mjs'), 'worker', '2', 'auto'],
      [common, 'here', '1', 'auto'],
      [common, 'worker', '1', 'wasm'],
    ]) {
      const { output } = await run(path, [...flags, file, ...args], { cwd: here, env });
      assert.equal(output.trim(), good.join(' '), args.join(' '));
    }
  });
  return undefined;
}

const freePort = () => 20_000 + Math.floor(Math.random() * 20_000);

/** Starts a program (its path, or that and arguments) that serves on PORT, and calls `use` with its address. */
async function whileServing(command, { cwd, env = {} }, use) {
  const port = freePort();
  const child = spawn(process.execPath, [command].flat(), {
    cwd,
    env: { ...process.env, PORT: String(port), HOSTNAME: '127.0.0.1', NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
  const url = `http://127.0.0.1:${port}/`;
  try {
    const deadline = performance.now() + timeout;
    while (!(await fetch(`${url}api`).catch(() => undefined))) {
      if (child.exitCode !== null || performance.now() > deadline) throw new Error(`no server\n${output}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return await use(url);
  } catch (error) {
    throw new Error(`${error.message}\n${output}`, { cause: error });
  } finally {
    child.kill();
  }
}

async function checkSite(url) {
  for (const query of ['', '?worker=true', '?threads=2', '?worker=true&threads=2']) {
    const { labels, error } = await (await fetch(`${url}api${query}`)).json();
    assert.equal(error, undefined, query);
    assert.deepEqual(labels, good, query);
  }
  const { text } = await outcomeOf(url);
  assert.deepEqual(text.split(/\s+/).filter(Boolean), ['POSITIVE', 'POSITIVE']); // the server's and the client's
}

const next = join(here, 'next/node_modules/next/dist/bin/next');

const buildNext = (name, flags, env) =>
  run(process.execPath, [next, 'build', ...flags], {
    cwd: join(here, 'next'),
    timeout: 300_000,
    env: { BUILD: name, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production', ...env },
    log: `next-${name}`,
  });

/** Calls `use` while the packages are nowhere: what was built or traced must do. */
async function withoutPackages(use) {
  const packages = ['latformer', '@latformer'].map((name) => join(modules, name));
  try {
    for (const path of packages) renameSync(path, `${path}.aside`);
    await use();
  } finally {
    for (const path of packages) if (existsSync(`${path}.aside`)) renameSync(`${path}.aside`, path);
  }
}

/** webpack leaves no trace of files in the server's bundle. */
async function checkCure() {
  const env = { BUILD: 'cure', TRACED: '0' };
  await buildNext(env.BUILD, ['--webpack'], env);
  await withoutPackages(() =>
    whileServing([next, 'start'], { cwd: join(here, 'next'), env }, async (url) => {
      const { error } = await (await fetch(`${url}api`)).json();
      assert.match(error, /read_failed: .*keep 'latformer' out of the bundle/);
    }),
  );
}

/** Next, built for a host that has nothing of this one, and run there: pages, components and route handlers. */
async function checkNext(name, flags, env = {}) {
  await buildNext(name, flags, env);
  const built = join(here, 'next/.next', name);
  const host = mkdtempSync(join(tmpdir(), 'latformer-next-'));
  try {
    cpSync(join(built, 'standalone'), host, { recursive: true, verbatimSymlinks: true });
    cpSync(join(built, 'static'), join(host, 'next/.next', name, 'static'), { recursive: true });
    await withoutPackages(() => whileServing(join(host, 'next/server.js'), { cwd: host }, checkSite));
  } finally {
    rmSync(host, { recursive: true, force: true });
  }
}

/** examples/next as it stands, but for the root, which here is not its own folder. */
async function checkNextExample() {
  const folder = join(here, 'next/example');
  rmSync(folder, { recursive: true, force: true });
  cpSync(join(root, 'examples/next'), folder, { recursive: true });
  const config = `import config from './own.config.mjs';\nexport default { ...config, turbopack: { root: ${JSON.stringify(here)} } };\n`;
  renameSync(join(folder, 'next.config.mjs'), join(folder, 'own.config.mjs'));
  writeFileSync(join(folder, 'next.config.mjs'), config);
  const env = { NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' };
  await run(process.execPath, [next, 'build'], { cwd: folder, timeout: 300_000, env, log: 'next-example' });
  await whileServing([next, 'start'], { cwd: folder }, async (url) => {
    const answer = await (await fetch(`${url}api?text=${encodeURIComponent('A joy from start to finish.')}`)).json();
    assert.equal(answer.label, 'POSITIVE');
    const page = await chromium.newPage();
    await page.goto(url);
    await page.waitForFunction(() => document.getElementById('browser')?.textContent === 'NEGATIVE');
    assert.equal(await page.textContent('#server'), 'POSITIVE');
    await page.close();
  });
  rmSync(folder, { recursive: true, force: true });
}

const dist = join(modules, 'latformer/dist');
const forOthers = { 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' };

/** A page of one server that imports the package from another, as from a content delivery network. */
async function fromAnotherOrigin({ isIsolated, policy }) {
  const packages = packagesBelow('/packages/', dist).map((folder) => ({ ...folder, headers: forOthers }));
  const other = await serve({ folders: packages });
  const folder = emptyOutput('other-origin');
  writePage(folder, './main.mjs');
  const page = join(here, 'page/main.mjs');
  await esbuild(page, '--bundle', '--format=esm', '--external:latformer', `--outfile=${folder}/bare.mjs`);
  await esbuild(
    page,
    '--bundle',
    '--format=esm',
    '--external:http*',
    `--alias:latformer=${other.url}packages/latformer/dist/web.mjs`,
    `--outfile=${folder}/main.mjs`,
  );
  const origin = new URL(other.url).origin;
  const server = await serve({ folders: [{ url: '/built/', path: folder }], isIsolated, policy: policy(origin) });
  try {
    const threads = isIsolated ? 2 : 1;
    const { info } = await outcomeOf(`${server.url}built/?threads=${threads}`);
    assert.equal(info.threads, threads);
  } finally {
    await server.close();
    await other.close();
  }
}

const openPolicy = (origin) =>
  `default-src 'none'; script-src 'self' 'wasm-unsafe-eval' ${origin}; worker-src blob: ${origin}; connect-src ${origin}; img-src data:`;

const quick = [
  [
    'Vite',
    async () => {
      const folder = emptyOutput('vite');
      await bundler('', 'vite', 'build', '--outDir', folder);
      await checkPage(folder);
    },
  ],
  [
    'Vite, a model of one’s own by latformer/core: the bundled one is not in the build',
    async () => {
      const folder = emptyOutput('vite-own');
      await bundler('', 'vite', 'build', 'own', '--outDir', folder, '--base', './');
      const emitted = readdirSync(folder, { recursive: true });
      assert.deepEqual(
        emitted.filter((file) => /safetensors|vocab/.test(file)),
        [],
      );
      assert.equal(emitted.filter((file) => file.endsWith('.gz')).length, 2);
      const model = { url: '/model/', path: join(root, 'models/sentiment') };
      const server = await serve({ folders: [{ url: '/built/', path: folder }, model], isIsolated: false });
      try {
        const { none, info } = await outcomeOf(`${server.url}built/`, /status of 404/); // files that need not be there
        assert.match(none, /latformer\/core/);
        assert.equal(info.source, `${server.url}model/`);
      } finally {
        await server.close();
      }
    },
  ],
  [
    'webpack',
    async () => {
      const folder = emptyOutput('webpack');
      await bundler('', 'webpack', 'build', '--output-path', folder);
      writePage(folder);
      await checkPage(folder);
    },
  ],
  [
    'Rollup with import-meta-assets',
    async () => {
      const folder = emptyOutput('rollup');
      await bundler('', 'rollup', '-c', '--dir', folder);
      writePage(folder);
      await checkPage(folder);
    },
  ],
  [
    'esbuild, files by wasmPaths',
    async () => {
      const folder = emptyOutput('esbuild');
      await esbuild('page/main.mjs', '--bundle', '--format=esm', '--minify', `--outfile=${folder}/main.js`);
      writePage(folder);
      const files = join(folder, 'latformer'); // as docs/bundlers.md says
      cpSync(dist, files, { recursive: true });
      cpSync(join(modules, '@latformer/sentiment'), join(files, 'models/sentiment'), { recursive: true });
      await checkPage(folder, '&wasmPaths=./latformer/');
    },
  ],
  ...['esm', 'cjs'].map((format) => [
    `esbuild for Node, ${format}, beside node_modules`,
    async () => {
      const folder = join(here, 'node/built');
      const file = join(folder, format === 'esm' ? 'main.mjs' : 'main.cjs');
      rmSync(folder, { recursive: true, force: true });
      await esbuild('node/main.mjs', '--bundle', '--platform=node', `--format=${format}`, `--outfile=${file}`);
      try {
        await checkProgram(file);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  ]),
  ...['esm', 'cjs'].map((format) => [
    `esbuild for Node, ${format}, without any file of the package, names the cure`,
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'latformer-bundle-'));
      const file = join(folder, format === 'esm' ? 'main.mjs' : 'main.cjs');
      try {
        await esbuild('node/main.mjs', '--bundle', '--platform=node', `--format=${format}`, `--outfile=${file}`);
        for (const kind of ['here', 'worker']) {
          const { ok, output } = await run(process.execPath, [file, kind], { cwd: folder, check: false });
          assert.equal(ok, false);
          assert.match(output, /read_failed: .* is not beside .*wasmPaths/);
        }
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  ]),
  ['a function as Vercel traces it, by import', () => checkTraced(join(here, 'node/main.mjs'))],
  ['the same by require()', () => whileCommon(checkTraced)],
  ...otherRuntimes.map(([name, program, flags]) => [name, () => checkRuntime(program, flags)]),
  ['a page that imports from another origin', () => fromAnotherOrigin({ isIsolated: false, policy: openPolicy })],
  ['the same, isolated, with threads', () => fromAnotherOrigin({ isIsolated: true, policy: openPolicy })],
  [
    'the same, under a policy that forbids such workers, names the cure',
    async () => {
      const policy = (origin) => openPolicy(origin).replace(' blob:', '');
      await assert.rejects(fromAnotherOrigin({ isIsolated: false, policy }), /unsupported_runtime.*worker-src/s);
    },
  ],
];

const slow = [
  [
    'Parcel',
    async () => {
      const folder = emptyOutput('parcel');
      const flags = ['--no-cache', '--no-source-maps', '--public-url', './', '--dist-dir', folder];
      await bundler('parcel', 'parcel', 'build', '../page/index.html', ...flags);
      // Parcel writes an import map into the page, which is an inline script.
      const policy = strictPolicy.replace("'wasm-unsafe-eval'", "'wasm-unsafe-eval' 'unsafe-inline'");
      await checkPage(folder, '', { policy });
    },
  ],
  ['Next by Turbopack', () => checkNext('turbopack', [])],
  ['Next by webpack names the cure', checkCure],
  ['Next by Turbopack, serverExternalPackages', () => checkNext('external', [], { EXTERNAL: '1' })],
  ['Next by webpack, serverExternalPackages', () => checkNext('webpack-external', ['--webpack'], { EXTERNAL: '1' })],
  ['examples/next', checkNextExample],
];

const cases = [...quick, ...(options.all ? slow : [])].filter(([name]) => name.includes(options.only));
for (const folder of ['', 'runtimes', ...(options.all ? ['parcel', 'next'] : [])]) await setUp(folder);
mkdirSync(outputs, { recursive: true });
await installInto(modules);
const chromium = await launchChromium();
let failed = 0;
try {
  for (const [name, check] of cases) {
    const begun = performance.now();
    try {
      const remark = (await check()) ?? '';
      console.log(`ok      ${name}${remark && `: ${remark}`} (${((performance.now() - begun) / 1000).toFixed(1)} s)`);
    } catch (error) {
      ++failed;
      console.log(`FAILED  ${name}\n${error.stack}`);
    }
  }
} finally {
  await chromium.close();
}
console.log(`${cases.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
