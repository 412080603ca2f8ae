// The package as its users get it: packed, installed without a network into a scratch project, and used from ESM,
// CommonJS and TypeScript. Ends with 'N passed, N failed'; exit code 1 if anything failed.
//   node tests/package/run.mjs        (dist/ must be built)
import { execFile } from 'node:child_process';
import { access, cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import assert from 'node:assert/strict';

const root = fileURLToPath(new URL('../..', import.meta.url));
const here = fileURLToPath(new URL('.', import.meta.url));
const tool = (name) => join(root, 'node_modules/.bin', name);

/** Runs a program; its output is in the error when it fails. */
async function execute(cwd, command, ...args) {
  try {
    return (await promisify(execFile)(command, args, { cwd, maxBuffer: 2 ** 26 })).stdout;
  } catch (error) {
    throw new Error(`${command} ${args.join(' ')}\n${error.stdout ?? ''}${error.stderr ?? ''}`, { cause: error });
  }
}

const project = await mkdtemp(join(tmpdir(), 'latformer-package-'));
const installed = join(project, 'node_modules/latformer');
const inProject = (command, ...args) => execute(project, command, ...args);
const node = (...args) => inProject(process.execPath, ...args);

const binaries = ['', '-relaxed', '-threads', '-relaxed-threads'].map((kind) => `latformer${kind}.wasm`);
const more = availableParallelism() > 1 ? '2' : '1';
let tarball;
const checks = [
  [
    'npm pack, and install it offline',
    async () => {
      const flags = ['--ignore-scripts', '--json', '--pack-destination', project];
      const [{ filename }] = Object.values(JSON.parse(await execute(root, 'npm', 'pack', ...flags)));
      tarball = join(project, filename);
      await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'scratch', private: true }));
      await inProject('npm', 'install', '--offline', '--no-audit', '--no-fund', tarball);
      await cp(join(here, 'project'), project, { recursive: true });
    },
  ],
  [
    'it holds what it should and nothing else',
    async () => {
      const entries = await readdir(installed, { recursive: true, withFileTypes: true });
      const files = entries
        .filter((entry) => entry.isFile())
        .map((entry) => relative(installed, join(entry.parentPath ?? entry.path, entry.name)));
      const expected =
        /^(dist\/.*|types\/[\w/]+\.d\.c?ts|docs\/[\w-]+\.(md|svg)|examples\/.*|package\.json|(README|CHANGELOG|CONTRIBUTING|SECURITY)\.md|LICENSE|NOTICE|THIRD_PARTY_LICENSES)$/;
      assert.deepEqual(
        files.filter((file) => !expected.test(file)),
        [],
      );
      for (const file of [
        ...['node.mjs', 'node.cjs', 'node-worker.mjs', 'web.mjs', 'web.cjs', 'worker.mjs'],
        ...['node-core.mjs', 'node-core.cjs', 'web-core.mjs', 'web-core.cjs'],
        ...['chat.mjs', 'missing.mjs', ...binaries],
        'models/sentiment/config.json',
        ...['models/sentiment/model.safetensors', 'models/sentiment/vocab.txt', 'models/sentiment/profile.json'],
      ]) {
        assert.ok(files.includes(`dist/${file}`), file);
      }
      // Beside dist/, because tools that trace files take declarations in there for source code.
      for (const file of ['types/index.d.ts', 'types/index.d.cts']) assert.ok(files.includes(file), file);
      for (const file of ['NOTICE', 'LICENSE', 'THIRD_PARTY_LICENSES', 'README.md'])
        assert.ok(files.includes(file), file);
      for (const binary of binaries) {
        const size = gzipSync(await readFile(join(installed, 'dist', binary))).length;
        assert.ok(size <= 0.4e6, `${binary} is ${size} bytes gzipped`);
      }
    },
  ],
  [
    'the links of its README lead to files that are there',
    async () => {
      const readme = await readFile(join(installed, 'README.md'), 'utf8');
      const links = [...readme.matchAll(/\]\(([^)#\s]+)/g)]
        .map(([, link]) => link)
        .filter((link) => !link.includes(':'));
      assert.ok(links.length > 10);
      for (const link of links) await access(join(installed, link));
    },
  ],
  [
    'it brings nothing along',
    async () => {
      const { dependencies, peerDependencies, optionalDependencies } = JSON.parse(
        await readFile(join(installed, 'package.json'), 'utf8'),
      );
      assert.deepEqual([dependencies, peerDependencies, optionalDependencies], [undefined, undefined, undefined]);
      const modules = (await readdir(join(project, 'node_modules'))).filter((name) => !name.startsWith('.'));
      assert.deepEqual(modules, ['latformer']);
    },
  ],
  ['import', async () => assert.equal(await node('use.mjs'), 'POSITIVE NEGATIVE\n')],
  ['require', async () => assert.equal(await node('use.cjs'), 'POSITIVE NEGATIVE\n')],
  ['import, threads', async () => assert.equal(await node('use.mjs', '', more), 'POSITIVE NEGATIVE\n')],
  ['require, threads', async () => assert.equal(await node('use.cjs', '', more), 'POSITIVE NEGATIVE\n')],
  [
    'require, threads of a worker',
    async () => assert.equal(await node('use.cjs', 'worker', more), 'POSITIVE NEGATIVE\n'),
  ],
  ['import in a worker thread', async () => assert.equal(await node('use.mjs', 'worker'), 'POSITIVE NEGATIVE\n')],
  ['require in a worker thread', async () => assert.equal(await node('use.cjs', 'worker'), 'POSITIVE NEGATIVE\n')],
  [
    'from another working directory',
    async () =>
      assert.equal(await execute(tmpdir(), process.execPath, join(project, 'use.mjs')), 'POSITIVE NEGATIVE\n'),
  ],
  [
    'the command',
    async () => assert.match(await inProject(join(project, 'node_modules/.bin/latformer'), '--help'), /classify/),
  ],
  [
    'a browser bundle gets the browser entry',
    async () => {
      const flags = ['--bundle', '--format=esm', '--platform=browser', '--outfile=bundle.mjs', '--log-level=error'];
      await inProject(tool('esbuild'), 'use.mjs', ...flags, '--define:process={"argv":[]}');
      const bundle = await readFile(join(project, 'bundle.mjs'), 'utf8');
      assert.match(bundle, /new Worker\(/);
      assert.doesNotMatch(bundle, /node:/);
    },
  ],
  ...['nodenext', 'bundler', 'node16-cjs', 'older'].map((kind) => [
    `types: ${kind}`,
    async () => void (await inProject(tool('tsc'), '-p', `tsconfig.${kind}.json`)),
  ]),
  ['publint', async () => void (await inProject(tool('publint'), tarball, '--strict'))],
  ['arethetypeswrong', async () => void (await inProject(tool('attw'), tarball))],
];

let failed = 0;
try {
  for (const [name, check] of checks) {
    try {
      await check();
      console.log(`ok      ${name}`);
    } catch (error) {
      ++failed;
      console.log(`FAILED  ${name}\n${error.stack}`);
    }
  }
} finally {
  await rm(project, { recursive: true, force: true });
}
console.log(`${checks.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
