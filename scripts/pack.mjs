// npm run pack: what npm would publish, as tarballs: latformer, the bundled model, and the native addon of each platform that there
// is one of. latformer names these as optional dependencies, so that a package manager installs the one that fits.
//   node scripts/pack.mjs [--addons DIR] [--out DIR]     (dist/ must be built; DIR has linux-x64-gnu/latformer.node and so on)
//
// In the repository the packages lie as they are worked on: the root is latformer, models/sentiment the model. Here each is put
// together in build/packages, with the licence, and without what only we need of its package.json.
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './support/paths.mjs';
import { addonOf, ownPlatform, platforms } from './support/platforms.mjs';
import { run } from './support/run.mjs';
import { Failure, main } from './support/steps.mjs';

const staging = join(root, 'build', 'packages');
const modelFolder = join(root, 'models', 'sentiment');
const manifestOf = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
const own = manifestOf(root);
const { name: modelName } = manifestOf(modelFolder);

/** The files that an entry of "files" names: a path, or one with a * in its last part. None: what ! leaves out. */
function named(folder, entry) {
  if (entry.startsWith('!')) return [];
  if (!entry.includes('*')) return [entry];
  const [start, end] = entry.slice(entry.lastIndexOf('/') + 1).split('*');
  const place = dirname(entry);
  return readdirSync(join(folder, place))
    .filter((name) => name.startsWith(start) && name.endsWith(end))
    .map((name) => join(place, name));
}

/** The documents of a package, whose links to what only the repository has become plain words. */
function unlink(folder) {
  const isDocument = (file) => file.endsWith('.md');
  for (const file of readdirSync(folder, { recursive: true }).filter(isDocument)) {
    const path = join(folder, file);
    const text = readFileSync(path, 'utf8').replace(/\[([^\]]*)\]\(([^)#:\s]+)(?:#[^)\s]*)?\)/g, (link, words, to) =>
      existsSync(join(dirname(path), to)) ? link : words,
    );
    writeFileSync(path, text);
  }
}

/** Puts a package together: files of its folder, some of the root's, and package.json as published. */
function stage(manifest, folder, files, licences) {
  const to = join(staging, manifest.name.replace('@', '').replace('/', '-'));
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  const all = [
    ...files
      .flatMap((entry) => named(folder, entry))
      .filter((file) => !files.includes(`!${file}`))
      .map((file) => [folder, file]),
    ...licences.map((file) => [root, file]),
  ];
  for (const [from, file] of all) cpSync(join(from, file), join(to, file), { recursive: true });
  unlink(to);
  writeFileSync(join(to, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return { name: manifest.name, folder: to };
}

const addonReadme = (platform) => `# @latformer/${platform}

The native addon of [latformer](https://www.npmjs.com/package/latformer) for Node on ${platform}. latformer names it as an
optional dependency and finds it by itself; there is nothing to import. Without it latformer runs as WebAssembly.
`;

function stageAddon(platform, path) {
  const { os, cpu, libc } = platforms[platform];
  const { version, license, homepage, repository, bugs, engines } = own;
  const manifest = {
    name: `@latformer/${platform}`,
    version,
    description: `The native addon of latformer for ${platform}`,
    license,
    homepage,
    repository,
    bugs,
    main: './latformer.node',
    files: ['latformer.node', 'NOTICE', 'THIRD_PARTY_LICENSES'],
    os: [os],
    cpu: [cpu],
    ...(libc && { libc: [libc] }),
    engines,
  };
  const staged = stage(manifest, dirname(path), ['latformer.node'], ['LICENSE', 'NOTICE', 'THIRD_PARTY_LICENSES']);
  writeFileSync(join(staged.folder, 'README.md'), addonReadme(platform));
  return staged;
}

function stageAll(addons) {
  const built = Object.keys(platforms)
    .map((platform) => ({ platform, path: addonOf(platform, addons) }))
    .filter(({ path }) => path !== undefined)
    .map(({ platform, path }) => stageAddon(platform, path));
  const optionalDependencies = Object.fromEntries(built.map(({ name }) => [name, own.version]));
  const published = { ...own, optionalDependencies };
  for (const field of ['private', 'workspaces', 'scripts', 'devDependencies']) delete published[field];
  const model = manifestOf(modelFolder);
  return [
    stage(published, root, ['README.md', ...own.files], ['LICENSE']),
    stage(model, modelFolder, ['README.md', ...model.files], ['LICENSE']),
    ...built,
  ];
}

/** Packs all; gives for each package { name, folder, tarball }. */
export async function pack(destination, addons) {
  mkdirSync(destination, { recursive: true });
  const packed = [];
  for (const staged of stageAll(addons)) {
    const args = ['pack', staged.folder, '--ignore-scripts', '--silent', '--pack-destination', destination];
    const { output } = await run('npm', args);
    packed.push({ ...staged, tarball: join(destination, output.trim().split('\n').at(-1)) });
  }
  return packed;
}

/** Puts what npm would publish where npm would put it: into `modules`, a folder node_modules; without addons unless they are asked for. */
export async function installInto(modules, { addon = false } = {}) {
  for (const { name, tarball } of await pack(join(staging, 'tarballs'))) {
    const folder = join(modules, name);
    rmSync(folder, { recursive: true, force: true });
    const isAddon = name !== own.name && name !== modelName;
    if (isAddon && !(addon && name === `@latformer/${ownPlatform}`)) continue;
    mkdirSync(folder, { recursive: true });
    await run('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1']);
  }
}

/** Bytes of a package as it is installed. */
export const unpackedSize = (folder) =>
  readdirSync(folder, { recursive: true })
    .map((file) => statSync(join(folder, file)))
    .filter((stat) => stat.isFile())
    .reduce((sum, { size }) => sum + size, 0);

if (process.argv[1] === import.meta.filename) {
  await main(async () => {
    const { values } = parseArgs({ options: { addons: { type: 'string' }, out: { type: 'string' } } });
    if (!existsSync(join(root, 'dist', 'node.mjs')))
      throw new Failure('dist/ is not built yet; npm run build does that');
    const out = resolve(values.out ?? join(staging, 'tarballs'));
    for (const { name, folder, tarball } of await pack(out, values.addons && resolve(values.addons))) {
      console.log(
        `${name}  ${(unpackedSize(folder) / 1e6).toFixed(2)} MB unpacked  ${relative(process.cwd(), tarball)}`,
      );
    }
  });
}
