// The packages as their users get them: packed, installed without a network into scratch projects, with and without the native
// addon, and used from ESM, CommonJS and TypeScript. Ends with 'N passed, N failed'; exit code 1 if anything failed.
//   node tests/package/run.mjs        (dist/ and the addon must be built)
import { execFile } from 'node:child_process';
import { access, cp, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import assert from 'node:assert/strict';
import { pack, unpackedSize } from '../../scripts/pack.mjs';
import { ownPlatform } from '../../scripts/support/platforms.mjs';

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

const scratch = await mkdtemp(join(tmpdir(), 'latformer-package-'));
const project = join(scratch, 'project');
const plain = join(scratch, 'plain'); // a project without the addon, as where none is for the platform
const installed = join(project, 'node_modules/latformer');
const model = join(project, 'node_modules/@latformer/sentiment');
const addon = join(project, 'node_modules/@latformer', ownPlatform);
const inProject = (command, ...args) => execute(project, command, ...args);

/** A project with these packages, installed without a network. */
async function install(folder, tarballs) {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'scratch', private: true }));
  await execute(folder, 'npm', 'install', '--offline', '--no-audit', '--no-fund', ...tarballs);
  await cp(join(here, 'project'), folder, { recursive: true });
}

/** The files of a package. */
async function filesOf(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)));
}

const binaries = ['latformer.wasm.gz', 'latformer-relaxed.wasm.gz'];
const more = availableParallelism() > 1 ? 2 : 1;
const newestGlibc = 35; // 2.35, as docs/native.md says of builds on Debian 12
const mostUnpacked = 1.5e6; // bytes, half of which are the two binaries
const good = 'POSITIVE NEGATIVE';
let packed; // by name, { folder, tarball }

/** use.mjs or use.cjs in a project, which says what runs and why. */
async function uses(folder, file, options = {}) {
  const output = await execute(folder, process.execPath, file, JSON.stringify(options));
  const { labels, info } = JSON.parse(output);
  assert.equal(labels, good);
  return info;
}

/** Runs `work` while a file of the addon's package is something else; no content: while it is missing. */
async function whileAddonIs(content, work) {
  const file = join(addon, 'latformer.node');
  await rename(file, `${file}.aside`);
  try {
    if (content !== undefined) await writeFile(file, content);
    await work();
  } finally {
    await rename(`${file}.aside`, file);
  }
}

const checks = [
  [
    'pack, and install offline',
    async () => {
      packed = Object.fromEntries((await pack(scratch)).map((each) => [each.name, each]));
      const tarballs = ['latformer', '@latformer/sentiment', `@latformer/${ownPlatform}`].map((name) => {
        assert.ok(packed[name], `${name} is not packed; npm run build -- --addon builds all`);
        return packed[name].tarball;
      });
      await install(project, tarballs);
      await install(plain, tarballs.slice(0, 2));
    },
  ],
  [
    'each holds what it should and nothing else',
    async () => {
      const files = await filesOf(installed);
      const expected =
        /^(dist\/[\w-]+\.([cm]js|wasm\.gz)|types\/[\w/]+\.d\.c?ts|docs\/[\w-]+\.(md|svg)|examples\/.*|package\.json|(README|SECURITY)\.md|LICENSE|NOTICE|THIRD_PARTY_LICENSES)$/;
      assert.deepEqual(
        files.filter((file) => !expected.test(file)),
        [],
      );
      const kinds = ['', '-core', '-platform'];
      for (const file of [
        ...kinds.flatMap((kind) => [`node${kind}.mjs`, `node${kind}.cjs`, `web${kind}.mjs`]),
        ...['node-worker.mjs', 'worker.mjs', 'cli.mjs', 'chat.mjs', 'missing.mjs', ...binaries],
      ]) {
        assert.ok(files.includes(`dist/${file}`), file);
      }
      // Beside dist/, because tools that trace files take declarations in there for source code.
      for (const file of ['types/index.d.ts', 'types/index.d.cts']) assert.ok(files.includes(file), file);
      for (const file of ['NOTICE', 'LICENSE', 'THIRD_PARTY_LICENSES', 'README.md'])
        assert.ok(files.includes(file), file);
      for (const binary of binaries) {
        const { size } = await stat(join(installed, 'dist', binary));
        assert.ok(size <= 0.4e6, `${binary} is ${size} bytes`);
      }
      assert.deepEqual((await filesOf(model)).sort(), [
        ...['LICENSE', 'NOTICE', 'README.md', 'config.json', 'index.cjs', 'index.d.cts', 'index.d.mts', 'index.mjs'],
        ...['integrity.json', 'model.safetensors', 'node.mjs', 'package.json', 'profile.json'],
        ...['special_tokens_map.json', 'tokenizer_config.json', 'vocab.txt'],
      ]);
      assert.deepEqual((await filesOf(addon)).sort(), [
        'LICENSE',
        'NOTICE',
        'README.md',
        'THIRD_PARTY_LICENSES',
        'latformer.node',
        'package.json',
      ]);
    },
  ],
  [
    'latformer alone is small',
    async () => {
      const size = unpackedSize(installed);
      assert.ok(size <= mostUnpacked, `${size} bytes unpacked`);
    },
  ],
  [
    'the links of its documents lead to files that are there',
    async () => {
      let count = 0;
      for (const file of (await filesOf(installed)).filter((name) => name.endsWith('.md'))) {
        const text = await readFile(join(installed, file), 'utf8');
        const links = [...text.matchAll(/\]\(([^)#\s]+)/g)].map(([, link]) => link);
        for (const link of links.filter((each) => !each.includes(':'))) {
          await access(join(installed, dirname(file), link));
          count += 1;
        }
      }
      assert.ok(count > 30, `${count} links`);
    },
  ],
  [
    'it brings along the model, and the addon where one fits, of its own version; nothing is run at install',
    async () => {
      const all = await Promise.all(
        [installed, model, addon].map(async (folder) =>
          JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')),
        ),
      );
      const [{ version, dependencies, optionalDependencies }, , platform] = all;
      assert.deepEqual(dependencies, { '@latformer/sentiment': version });
      assert.equal(optionalDependencies[`@latformer/${ownPlatform}`], version);
      for (const { version: each, scripts, devDependencies, peerDependencies, private: hidden } of all) {
        assert.deepEqual([each, scripts, devDependencies, peerDependencies, hidden], [version, ...Array(4).fill()]);
      }
      assert.deepEqual([platform.os, platform.cpu], [[process.platform], [process.arch]]);
      if (process.platform === 'linux') assert.deepEqual(platform.libc, ['glibc']);
      const modules = await readdir(join(plain, 'node_modules'), { recursive: true });
      const packages = modules.filter((name) => /^(@\w+\/)?\w+\/package\.json$/.test(name)).sort();
      assert.deepEqual(packages, ['@latformer/sentiment/package.json', 'latformer/package.json']);
    },
  ],
  ...['use.mjs', 'use.cjs'].flatMap((file) => [
    [
      `${file}: native where the addon is, WebAssembly where it is not or is not wanted`,
      async () => {
        assert.equal((await uses(project, file)).binary, 'latformer.node');
        assert.equal((await uses(project, file, { device: 'native' })).binary, 'latformer.node');
        for (const { binary, notes } of [await uses(project, file, { device: 'wasm' }), await uses(plain, file)]) {
          assert.match(binary, /\.wasm$/);
          assert.deepEqual(notes, []);
        }
      },
    ],
    ...['native', 'wasm'].flatMap((device) => [
      [`${file}: ${device}, threads`, async () => void (await uses(project, file, { device, threads: more }))],
      [`${file}: ${device}, in a worker`, async () => void (await uses(project, file, { device, worker: true }))],
      [
        `${file}: ${device}, threads of a worker`,
        async () => void (await uses(project, file, { device, worker: true, threads: more })),
      ],
    ]),
    [
      `${file}: an addon that is not installed is an error to those who ask for it`,
      async () => {
        await assert.rejects(
          uses(plain, file, { device: 'native' }),
          /unsupported_runtime: .*@latformer\/.* is not installed/,
        );
      },
    ],
  ]),
  ...[
    ['missing', undefined, /latformer\.node/],
    ['no addon', 'no addon', /latformer\.node: .*(too short|invalid ELF|not a mach-o|not a valid)/],
  ].map(([what, content, why]) => [
    `an addon that is ${what}: WebAssembly runs and says why; who asks for it gets an error`,
    () =>
      whileAddonIs(content, async () => {
        const { binary, notes } = await uses(project, 'use.mjs');
        assert.match(binary, /\.wasm$/);
        assert.match(notes[0], /^runs as WebAssembly: cannot load the addon: /);
        assert.match(notes[0], why);
        await assert.rejects(
          uses(project, 'use.cjs', { device: 'native' }),
          /unsupported_runtime: cannot load the addon/,
        );
      }),
  ]),
  [
    'what the addon asks of the system: no library but that of C, and not the newest',
    async () => {
      if (process.platform !== 'linux') return;
      const text = await readFile(join(addon, 'latformer.node'), 'latin1');
      const libraries = new Set(
        [...text.matchAll(/\0(lib[\w+-]+\.so[.\d]*|ld-[\w-]+\.so[.\d]*)(?=\0)/g)].map(([, name]) => name),
      );
      for (const name of libraries)
        assert.match(name, /^(libc|libm|libpthread|libdl|ld-linux-\w+(-64)?)\.so\.\d$/, name);
      const minor = [...text.matchAll(/\0GLIBC_2\.(\d+)(?=[.\0])/g)].map(([, number]) => Number(number));
      assert.ok(minor.length > 0 && Math.max(...minor) <= newestGlibc, `it needs glibc 2.${Math.max(...minor)}`);
    },
  ],
  [
    'an addon of another version: WebAssembly runs and says why',
    async () => {
      const other = join(scratch, 'other');
      await cp(installed, join(other, 'node_modules/latformer'), { recursive: true });
      for (const name of ['@latformer'])
        await cp(join(project, 'node_modules', name), join(other, 'node_modules', name), { recursive: true });
      await cp(join(here, 'project'), other, { recursive: true });
      const dist = join(other, 'node_modules/latformer/dist');
      for (const file of (await readdir(dist)).filter((name) => /^node.*js$/.test(name))) {
        const text = await readFile(join(dist, file), 'utf8');
        await writeFile(join(dist, file), text.replaceAll('0.1.0', '0.1.1'));
      }
      const { binary, notes } = await uses(other, 'use.mjs');
      assert.match(binary, /\.wasm$/);
      assert.match(notes[0], /is of version 0\.1\.0, not 0\.1\.1/);
    },
  ],
  [
    'from another working directory',
    async () => assert.match(await execute(tmpdir(), process.execPath, join(project, 'use.mjs')), new RegExp(good)),
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
  ...['latformer', '@latformer/sentiment'].flatMap((name) => [
    [`publint: ${name}`, async () => void (await inProject(tool('publint'), packed[name].tarball, '--strict'))],
    [`arethetypeswrong: ${name}`, async () => void (await inProject(tool('attw'), packed[name].tarball))],
  ]),
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
  await rm(scratch, { recursive: true, force: true });
}
console.log(`${checks.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
