// Emscripten: the one that is already here (EMSDK or emcc on the PATH), else Debian's, unpacked in .toolchain/emscripten.
//
// Debian 13 has Emscripten 3.1.69 with all its libraries compiled. Its packages are unpacked, not installed, so that they
// serve on Debian 12 too: Binaryen's programs are started through the C library that they were built for. Clang and lld 19
// are the system's.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ownEmscripten, unpackedEmscripten, unpackedFolder } from '../support/emscripten.mjs';
import { findProgram, toolchain } from '../support/paths.mjs';
import { run } from '../support/run.mjs';
import { emptyPartial, putInPlace, stamp, stamped, writeWhole } from '../support/stamp.mjs';
import { Failure, step } from '../support/steps.mjs';
import { debianArchive } from './debian.mjs';

const oldest = [3, 1, 60];
const suite = 'trixie';
const packages = ['emscripten', 'binaryen', 'node-acorn', 'libc6', 'libgcc-s1', 'libstdc++6'];
const llvm = '/usr/lib/llvm-19';

/** What is needed: [Debian's name of the package, whether it is here]. */
export function needs() {
  if (ownEmscripten()) return [];
  return [
    ['python3', () => findProgram('python3')],
    ['xz-utils', () => findProgram('xz')],
    ['clang-19', () => findProgram('clang++-19')],
    ['lld-19', () => existsSync(`${llvm}/bin/wasm-ld`)],
    ['llvm-19', () => existsSync(`${llvm}/bin/llvm-ar`)],
  ];
}

function checkVersion(path) {
  const { stdout } = spawnSync(join(path, 'emcc'), ['--version'], { encoding: 'utf8' });
  const version = /\b(\d+)\.(\d+)\.(\d+)\b/
    .exec(stdout ?? '')
    ?.slice(1)
    .map(Number);
  if (!version) throw new Failure(`${path}/emcc does not start; repair it or take it off the PATH.`);
  const order = version.map((part, i) => part - oldest[i]).find((difference) => difference !== 0) ?? 0;
  if (order < 0) {
    throw new Failure(
      `${path}/emcc is Emscripten ${version.join('.')}; ${oldest.join('.')} or later is needed. ` +
        'Update it, or take it off the PATH (and unset EMSDK) to have one set up here.',
    );
  }
  return version.join('.');
}

/** apt with lists and downloads of its own: neither reads nor changes the system's. */
function privateApt(archive) {
  const apt = join(toolchain, 'apt');
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
  const signed = existsSync(keyring) ? `Signed-By: ${keyring}\n` : '';
  for (const path of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(apt, path), { recursive: true });
  writeWhole(
    join(apt, 'debian.sources'),
    `Types: deb\nURIs: ${archive}\nSuites: ${suite}\nComponents: main\n${signed}`,
  );
  const settings = {
    'Dir::Etc::sourcelist': join(apt, 'debian.sources'),
    'Dir::Etc::sourceparts': '-',
    'Dir::State::Lists': join(apt, 'lists'),
    'Dir::Cache': join(apt, 'cache'),
    'Acquire::Languages': 'none',
    'Acquire::Retries': '3',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled': 'false',
    ...(process.getuid() === 0 ? { 'APT::Sandbox::User': 'root' } : {}),
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  return (args, how) => run('apt-get', [...options, '-q', ...args], { log: 'apt-emscripten', ...how });
}

const megabytes = (path) =>
  existsSync(path) ? readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0) / 1e6 : 0;

/** Downloads the packages, checked by apt; returns their paths. */
async function download(archive, progress) {
  const apt = privateApt(archive);
  progress.update("Debian's list of packages");
  await apt(['update']);
  const downloads = join(toolchain, 'downloads', 'emscripten');
  mkdirSync(downloads, { recursive: true });
  const watch = setInterval(() => progress.update(`${megabytes(downloads).toFixed(0)} MB downloaded`), 500).unref();
  try {
    await apt(['download', ...packages], { cwd: downloads });
  } finally {
    clearInterval(watch);
  }
  return readdirSync(downloads).map((name) => join(downloads, name));
}

// Most of the 1.7 GB are libraries for ways of linking that are not used here.
const leftOut = [
  '*/wasm32-emscripten/lto*',
  '*/wasm32-emscripten/pic',
  '*-ww[.-]*',
  '*/libwasmfs*',
  '*/libSDL*',
  './usr/share/doc',
  './usr/share/man',
  './usr/share/emscripten/test',
  './usr/share/emscripten/docs',
  './usr/share/emscripten/media',
];

async function unpack(deb, destination) {
  mkdirSync(destination, { recursive: true });
  const excludes = leftOut.map((pattern) => `--exclude '${pattern}'`).join(' ');
  const script = `set -o pipefail; dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --wildcards ${excludes}`;
  await run('bash', ['-c', script, 'unpack', deb, destination]);
}

/** Programs that start Binaryen's through the loader and libraries beside them, and Emscripten's settings. */
function writeSettings() {
  const libraries = join(unpackedFolder, 'runtime', 'usr', 'lib');
  const triple = readdirSync(libraries).find((name) => name.endsWith('-linux-gnu'));
  const system = join(libraries, triple);
  const loader = readdirSync(system).find((name) => name.startsWith('ld-linux'));
  const programs = join(unpackedFolder, 'root', 'usr', 'bin');
  const path = `${system}:${join(unpackedFolder, 'root', 'usr', 'lib', triple)}`;
  for (const name of readdirSync(programs).filter((name) => name.startsWith('wasm'))) {
    const start = `exec '${join(system, loader)}' --library-path '${path}' '${join(programs, name)}' "$@"`;
    writeWhole(join(unpackedFolder, 'binaryen', 'bin', name), `#!/bin/sh\n${start}\n`, 0o755);
  }
  const settings = {
    LLVM_ROOT: `'${llvm}/bin'`,
    LLVM_ADD_VERSION: `''`,
    CLANG_ADD_VERSION: `''`,
    BINARYEN_ROOT: `'${join(unpackedFolder, 'binaryen')}'`,
    NODE_JS: `'${process.execPath}'`,
    CACHE: `'${join(unpackedEmscripten, 'cache')}'`,
    FROZEN_CACHE: 'True',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
  writeWhole(join(unpackedEmscripten, '.emscripten'), lines.join(''));
  // Emscripten's own .js files are CommonJS, which this project's package.json must not change.
  writeWhole(join(unpackedEmscripten, 'package.json'), '{ "type": "commonjs" }\n');
}

export async function setUpEmscripten() {
  const own = ownEmscripten();
  if (own) return step('Emscripten', () => `${checkVersion(own)}, yours, in ${own}`);
  const key = `${suite}: ${packages.join(' ')}; 2`;
  await step('Emscripten', async (progress) => {
    if (stamped('emscripten', key)) {
      writeSettings(); // Node or the project's folder may have moved
      return 'there';
    }
    const archive = debianArchive();
    if (!archive) {
      throw new Failure(
        'Emscripten is missing, and only on Debian can this set it up by itself. ' +
          `Install ${oldest.join('.')} or later (https://emscripten.org/docs/getting_started), put emcc on the PATH, then run this again.`,
      );
    }
    const debs = await download(archive, progress);
    const partial = emptyPartial(unpackedFolder);
    for (const deb of debs) {
      progress.update(`unpacking ${deb.slice(deb.lastIndexOf('/') + 1)}`);
      await unpack(deb, join(partial, /\/lib(c6|gcc|stdc)/.test(deb) ? 'runtime' : 'root'));
    }
    const modules = join(partial, 'root', 'usr', 'share', 'emscripten', 'node_modules');
    mkdirSync(modules, { recursive: true });
    renameSync(join(partial, 'root', 'usr', 'share', 'nodejs', 'acorn'), join(modules, 'acorn'));
    putInPlace(partial, unpackedFolder);
    writeSettings();
    const version = checkVersion(unpackedEmscripten);
    stamp('emscripten', key);
    rmSync(join(toolchain, 'downloads', 'emscripten'), { recursive: true });
    rmSync(join(toolchain, 'apt'), { recursive: true });
    return `${version}, from Debian's packages`;
  });
}
