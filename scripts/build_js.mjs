// Makes dist/, what the package ships, from the TypeScript and the compiled core.
//   node scripts/build_js.mjs [--build DIR] [--out DIR]
//
//   node.mjs node.cjs                     the Node entry
//   node-core.mjs node-core.cjs           the same without the bundled model: latformer/core
//   node-platform.mjs node-platform.cjs   what the two share
//   node-worker.mjs                       its worker, an engine or one of an engine's threads, and the engine of the entries
//   web.mjs web-core.mjs web-platform.mjs worker.mjs: likewise for browsers, whose bundlers require modules, too
//   chat.mjs                              chat templates, for both
//   missing.mjs                           what a folder is whose files are missing, for both
//   cli.mjs                               the `latformer` command
//   latformer.wasm.gz latformer-relaxed.wasm.gz
//                                         the core, gzipped
//   ../types/                             declarations, .d.cts for require, and a .d.ts for import that hands them on; beside
//                                         it, because tools that trace files take those in there for source code
//   ../models/sentiment/                  vocab.txt and integrity.json of the bundled model, which is a package of its own
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values: options } = parseArgs({
  options: {
    build: { type: 'string', default: join(root, 'build') },
    out: { type: 'string', default: join(root, 'dist') },
  },
});
const built = resolve(options.build);
const model = join(root, 'models/sentiment');
const out = resolve(options.out);
const types = join(out, '../types');

/** Where CMake puts the binaries (bindings/CMakeLists.txt), and the JavaScript of each beside it. */
const folders = {
  'latformer.wasm': 'wasm/bindings',
  'latformer-relaxed.wasm': 'wasm-relaxed/bindings',
};
const pathOf = (binary, file) => join(built, folders[binary], file);

function fail(message) {
  console.error(`build_js: ${message}`);
  process.exit(1);
}

async function need(path, how) {
  if ((await stat(path).catch(() => null)) === null) fail(`${path} is missing; ${how}`);
}

/** The address of a binary in the JavaScript that emcc makes: never used, but tools that bundle would look for the file. */
const address = 'new URL("latformer.wasm",import.meta.url).href';

/** That JavaScript, which one bundle takes along for all binaries. */
async function glue() {
  const path = pathOf('latformer.wasm', 'latformer.mjs');
  const text = await readFile(path, 'utf8');
  if (!text.includes(address)) fail(`${path} has no ${address}: emcc names the binary in another way`);
  for (const binary of Object.keys(folders)) {
    const other = pathOf(binary, 'latformer.mjs');
    if ((await readFile(other, 'utf8')) !== text) fail(`${other} is not as ${path}: the binaries ask for other things`);
  }
  return text.replace(address, '""');
}

for (const binary of Object.keys(folders)) await need(pathOf(binary, 'latformer.wasm'), 'npm run build makes it');
await need(join(model, 'model.safetensors'), 'it belongs to the repository');

/** What the sources name by a path that exists only after a build, or may be told by an option. */
const resolveBuilt = {
  name: 'resolve-built',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/glue\.js$/ }, () => ({ path: 'glue', namespace: 'built' }));
    onLoad({ filter: /^glue$/, namespace: 'built' }, async () => ({ contents: await glue(), loader: 'js' }));
    // Of its hashes the script needs those of what it does not hold itself.
    onLoad({ filter: /\/models\/sentiment\/integrity\.json$/ }, async ({ path }) => {
      const { 'vocab.txt': vocabulary, 'model.safetensors': weights } = JSON.parse(await readFile(path, 'utf8'));
      const contents = JSON.stringify({ 'vocab.txt': vocabulary, 'model.safetensors': weights });
      return { contents, loader: 'text' };
    });
  },
};

/** What an entry imports only when it is needed stands beside it. */
const besides = {
  name: 'besides',
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/(chat|missing)\.js$/ }, ({ path }) => ({
      path: `./${path.slice(path.lastIndexOf('/') + 1, -'.js'.length)}.mjs`,
      external: true,
    })),
};

/** What matches stands in this file of the package, beside the one that imports it. */
const inFile = (file, filter) => ({
  name: `in-${file}`,
  setup: ({ onResolve }) => onResolve({ filter }, () => ({ path: `./${file}`, external: true })),
});

/** Where a module names the package's files by import.meta, CommonJS has another one. */
const besideCommon = {
  name: 'beside-common',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\.\/beside\.js$/ }, () => ({ path: join(root, 'node/beside_cjs.ts') })),
};

/** What both entries of a platform share; and what an entry shares with its worker it takes from there (worker.ts). */
const platformIn = (file) => inFile(file, /^\.\/platform\.js$/);
const engineIn = (file) => inFile(file, /\/(abort|errors|engine|remote)\.js$/);

const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
const hashes = Object.fromEntries(
  await Promise.all(
    Object.keys(folders).map(async (binary) => {
      const bytes = await readFile(pathOf(binary, 'latformer.wasm'));
      return [binary, createHash('sha256').update(bytes).digest('base64')];
    }),
  ),
);
const define = {
  LATFORMER_VERSION: JSON.stringify(version),
  LATFORMER_HASHES: JSON.stringify(hashes),
};

const shared = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  external: ['@latformer/sentiment'],
  target: 'es2022',
  loader: { '.json': 'text' },
  plugins: [resolveBuilt, besides],
  legalComments: 'inline',
  logLevel: 'warning',
};
const esm = { format: 'esm', define };
// CommonJS has no import.meta.url; `fileUrl` takes its place.
const cjs = {
  format: 'cjs',
  define: { ...define, 'import.meta.url': 'fileUrl' },
  banner: { js: "const fileUrl = require('node:url').pathToFileURL(__filename).href;" },
};
const node = { platform: 'node' };
const web = { platform: 'browser' };
/** A platform with these besides the plugins of all. */
const and = (platform, ...plugins) => ({ ...platform, plugins: [...shared.plugins, ...plugins] });

async function bundles() {
  // An entry of CommonJS cannot require the worker, which is a module.
  const entries = (folder, name, platform, format, ending) => [
    [`${folder}/index.ts`, `${name}.${ending}`, and(platform, platformIn(`${name}-platform.${ending}`)), format],
    [`${folder}/core.ts`, `${name}-core.${ending}`, and(platform, platformIn(`${name}-platform.${ending}`)), format],
  ];
  const each = [
    ...entries('node', 'node', node, esm, 'mjs'),
    ...entries('node', 'node', node, cjs, 'cjs'),
    ['node/platform.ts', 'node-platform.mjs', and(node, engineIn('node-worker.mjs')), esm],
    ['node/platform.ts', 'node-platform.cjs', and(node, besideCommon), cjs],
    ['node/worker.ts', 'node-worker.mjs', node, esm],
    [
      'node/cli/main.ts',
      'cli.mjs',
      and(node, inFile('node.mjs', /^(\.\.\/)+index\.js$/), engineIn('node-worker.mjs')),
      esm,
    ],
    ...entries('web/src', 'web', web, esm, 'mjs'),
    ['web/src/platform.ts', 'web-platform.mjs', and(web, engineIn('worker.mjs')), esm],
    ['web/src/worker.ts', 'worker.mjs', web, esm],
    ['bindings/tasks/chat.ts', 'chat.mjs', web, esm],
    ['bindings/model/missing.ts', 'missing.mjs', web, esm],
  ];
  await Promise.all(
    each.map(([entry, outfile, platform, format]) =>
      build({ ...shared, ...platform, ...format, entryPoints: [entry], outfile: join(out, outfile) }),
    ),
  );
}

/**
 * What the package of the bundled model has besides its sources: the vocabulary as vocab.txt, half the size of tokenizer.json, and of
 * a name that no bundler takes for source code (Parcel makes JavaScript of whatever is called .json), and what its files hash to.
 */
async function bundledModel() {
  const { vocab } = JSON.parse(await readFile(join(model, 'tokenizer.json'), 'utf8')).model;
  const tokens = Object.entries(vocab).sort(([, a], [, b]) => a - b);
  await writeFile(join(model, 'vocab.txt'), tokens.map(([token]) => `${token}\n`).join(''));
  const integrity = {};
  for (const file of (await readdir(model)).filter((name) => /\.(safetensors|txt|json)$/.test(name)).sort()) {
    if (['package.json', 'integrity.json', 'tokenizer.json'].includes(file)) continue;
    const hash = createHash('sha256').update(await readFile(join(model, file)));
    integrity[file] = `sha256-${hash.digest('base64')}`;
  }
  await writeFile(join(model, 'integrity.json'), `${JSON.stringify(integrity, null, 2)}\n`);
}

/** The declarations of the public part: the same for browsers and Node. A module may import them from CommonJS, but not the reverse. */
async function declarations() {
  const emitted = await mkdtemp(join(tmpdir(), 'latformer-types-'));
  try {
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const project = join(root, 'tsconfig.types.json');
    await promisify(execFile)(process.execPath, [tsc, '-p', project, '--outDir', emitted]);
    await rm(types, { recursive: true, force: true });
    // Only what the entry leads to.
    const rooms = (await readdir(join(emitted, 'bindings/types'))).map(
      (file) => `bindings/types/${file.split('.')[0]}`,
    );
    for (const file of ['node/index', 'node/platform', 'bindings/api', 'bindings/errors', ...rooms]) {
      const text = (await readFile(join(emitted, `${file}.d.ts`), 'utf8')).replaceAll('../bindings/', './');
      const name = join(types, file.slice(file.indexOf('/') + 1));
      await mkdir(dirname(name), { recursive: true });
      await writeFile(`${name}.d.cts`, text.replace(/(['"]\.[\w./]+)\.js(['"])/g, '$1.cjs$2'));
    }
    await writeFile(join(types, 'index.d.ts'), "export * from './index.cjs';\n");
  } finally {
    await rm(emitted, { recursive: true });
  }
}

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await bundledModel();
await Promise.all([
  bundles(),
  declarations(),
  ...Object.keys(folders).map(async (binary) => {
    const packed = gzipSync(await readFile(pathOf(binary, 'latformer.wasm')), { level: 9 });
    await writeFile(join(out, `${binary}.gz`), packed);
  }),
]);
