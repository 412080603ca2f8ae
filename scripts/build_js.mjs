// Makes dist/, what the package ships, from the TypeScript and the compiled core.
//   node scripts/build_js.mjs [--build DIR] [--model DIR] [--out DIR]
//
//   node.mjs node.cjs                     the Node entry
//   node-worker.mjs                       its worker: an engine, or one of an engine's threads
//   web.mjs web.cjs                       the browser entry
//   node-core.* web-core.*                the same entries without the bundled model: latformer/core
//   worker.mjs                            its worker, likewise, and the engine that web.mjs takes from there
//   chat.mjs                              chat templates, for both
//   missing.mjs                           what a folder is whose files are missing, for both
//   cli.mjs                               the `latformer` command
//   latformer[-relaxed][-threads].wasm    the core
//   models/sentiment/                     the bundled model, with integrity.json
//   ../types/                             declarations, .d.ts for import and .d.cts for require; beside it, because tools
//                                         that trace files take those in there for source code
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values: options } = parseArgs({
  options: {
    build: { type: 'string', default: join(root, 'build') },
    model: { type: 'string', default: join(root, 'models/sentiment') },
    out: { type: 'string', default: join(root, 'dist') },
  },
});
const built = resolve(options.build);
const model = resolve(options.model);
const out = resolve(options.out);
const types = join(out, '../types');

/** Where CMake puts the binaries (bindings/CMakeLists.txt), and the JavaScript of each beside it. */
const folders = {
  'latformer.wasm': 'wasm/bindings',
  'latformer-threads.wasm': 'wasm/bindings/threads',
  'latformer-relaxed.wasm': 'wasm-relaxed/bindings',
  'latformer-relaxed-threads.wasm': 'wasm-relaxed/bindings/threads',
};
const pathOf = (binary, file) => join(built, folders[binary], file);

function fail(message) {
  console.error(`build_js: ${message}`);
  process.exit(1);
}

async function need(path, how) {
  if ((await stat(path).catch(() => null)) === null) fail(`${path} is missing; ${how}`);
}

/** The JavaScript that emcc makes, which one bundle takes along for all binaries. */
async function glue() {
  const path = pathOf('latformer.wasm', 'latformer.mjs');
  const text = await readFile(path, 'utf8');
  for (const binary of Object.keys(folders)) {
    const other = pathOf(binary, 'latformer.mjs');
    if ((await readFile(other, 'utf8')) !== text) fail(`${other} is not as ${path}: the binaries ask for other things`);
  }
  return path;
}

for (const binary of Object.keys(folders)) await need(pathOf(binary, 'latformer.wasm'), 'npm run build makes it');
await need(join(model, 'model.safetensors'), 'it belongs to the repository');

/** What the sources name by a path that exists only after a build, or may be told by an option. */
const resolveBuilt = {
  name: 'resolve-built',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/glue\.js$/ }, async () => ({ path: await glue() }));
    onResolve({ filter: /\/models\/sentiment\/[^/]+\.json$/ }, ({ path }) => ({
      path: path.endsWith('/integrity.json')
        ? join(out, 'models/sentiment/integrity.json') // bundledModel() has made it
        : join(model, path.slice(path.lastIndexOf('/') + 1)),
    }));
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

/** What the page's script shares with that of its worker it takes from there (web/src/worker.ts). */
const engineBeside = {
  name: 'engine-beside',
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/(abort|errors|engine|remote)\.js$/ }, () => ({ path: './worker.mjs', external: true })),
};

/** The command uses the package beside it instead of a copy of its own. */
const packageBeside = {
  name: 'package-beside',
  setup: ({ onResolve }) => onResolve({ filter: /^\.\.\/index\.js$/ }, () => ({ path: './node.mjs', external: true })),
};

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
  LATFORMER_MODEL: 'true',
};
/** The same entry without the bundled model. */
const core = (format) => ({ ...format, define: { ...format.define, LATFORMER_MODEL: 'false' } });

const shared = {
  absWorkingDir: root,
  bundle: true,
  minifySyntax: true, // leaves out what LATFORMER_MODEL excludes
  target: 'es2022',
  loader: { '.json': 'text' },
  plugins: [resolveBuilt, besides],
  legalComments: 'inline',
  logLevel: 'warning',
};
const esm = { format: 'esm', define };
// CommonJS has no import.meta.url; `fileUrl` takes its place.
const cjs = (url) => ({
  format: 'cjs',
  define: { ...define, 'import.meta.url': 'fileUrl' },
  banner: { js: `const fileUrl = ${url};` },
});
const node = { platform: 'node' };
const cli = { ...node, plugins: [resolveBuilt, packageBeside] };
const web = { platform: 'browser', minify: true };

async function bundles() {
  const scriptUrl =
    "typeof document === 'object' && document.currentScript ? document.currentScript.src" +
    " : typeof location === 'object' ? location.href : 'file:///'";
  const nodeCjs = cjs("require('node:url').pathToFileURL(__filename).href");
  const page = { ...web, plugins: [...shared.plugins, engineBeside] };
  const each = [
    ['node/index.ts', 'node.mjs', node, esm],
    ['node/index.ts', 'node.cjs', node, nodeCjs],
    ['node/index.ts', 'node-core.mjs', node, core(esm)],
    ['node/index.ts', 'node-core.cjs', node, core(nodeCjs)],
    ['node/worker.ts', 'node-worker.mjs', node, core(esm)],
    ['node/cli/main.ts', 'cli.mjs', cli, esm],
    ['web/src/index.ts', 'web.mjs', page, esm],
    ['web/src/index.ts', 'web.cjs', web, cjs(scriptUrl)],
    ['web/src/index.ts', 'web-core.mjs', page, core(esm)],
    ['web/src/index.ts', 'web-core.cjs', web, core(cjs(scriptUrl))],
    ['bindings/tasks/chat.ts', 'chat.mjs', web, esm],
    ['bindings/model/missing.ts', 'missing.mjs', web, esm],
    ['web/src/worker.ts', 'worker.mjs', web, esm],
  ];
  await Promise.all(
    each.map(([entry, outfile, platform, format]) =>
      build({ ...shared, ...platform, ...format, entryPoints: [entry], outfile: join(out, outfile) }),
    ),
  );
}

/**
 * The bundled model, and what its files hash to. Its vocabulary goes along as vocab.txt, half the size of tokenizer.json, and of a name that no
 * bundler takes for source code (Parcel makes JavaScript of whatever is called .json).
 */
async function bundledModel() {
  const to = join(out, 'models/sentiment');
  await mkdir(to, { recursive: true });
  for (const file of await readdir(model)) {
    if (file === 'tokenizer.json') {
      const { vocab } = JSON.parse(await readFile(join(model, file), 'utf8')).model;
      const tokens = Object.entries(vocab).sort(([, a], [, b]) => a - b);
      await writeFile(join(to, 'vocab.txt'), tokens.map(([token]) => `${token}\n`).join(''));
    } else {
      await copyFile(join(model, file), join(to, file), constants.COPYFILE_FICLONE);
    }
  }
  const integrity = {};
  for (const file of (await readdir(to)).sort()) {
    const hash = createHash('sha256').update(await readFile(join(to, file)));
    integrity[file] = `sha256-${hash.digest('base64')}`;
  }
  await writeFile(join(to, 'integrity.json'), `${JSON.stringify(integrity, null, 2)}\n`);
}

/** The declarations of the public part: the same for browsers and Node, once for each module system. */
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
    for (const file of ['node/index', 'bindings/api', 'bindings/errors', ...rooms]) {
      const text = (await readFile(join(emitted, `${file}.d.ts`), 'utf8')).replaceAll('../bindings/', './');
      const name = join(types, file.slice(file.indexOf('/') + 1));
      await mkdir(dirname(name), { recursive: true });
      await writeFile(`${name}.d.ts`, text);
      await writeFile(`${name}.d.cts`, text.replace(/(['"]\.[\w./]+)\.js(['"])/g, '$1.cjs$2'));
    }
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
  ...Object.keys(folders).map((binary) => copyFile(pathOf(binary, 'latformer.wasm'), join(out, binary))),
]);
