// Building: the C++ of one preset by CMake, the JavaScript by esbuild and tsc.
import { existsSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { emscriptenFolder } from './emscripten.mjs';
import { findProgram, root } from './paths.mjs';
import { run } from './run.mjs';
import { filesBelow, hash, readOrNull, stamp, stamped, unstamp, writeWhole } from './stamp.mjs';

const clang = findProgram('clang++-19') ? { CC: 'clang-19', CXX: 'clang++-19' } : {};
const asked = process.env.CXX ? { CC: process.env.CC, CXX: process.env.CXX } : {};
// Debian's LibTorch 1.13 does not compile as C++20 with Clang: CMake then finds GCC. libFuzzer is Clang's; cmake/arm64.cmake
// names its own.
function compilersFor(preset) {
  if (preset === 'arm64') return {};
  if (preset === 'fuzz') return clang;
  return { ...(preset === 'train' ? {} : clang), ...asked };
}

/** Configures a preset where that is needed: not done yet, or done with another compiler. */
export async function configure(preset, progress) {
  const folder = join(root, 'build', preset);
  const toolchain = preset.startsWith('wasm') ? emscriptenFolder() : JSON.stringify(compilersFor(preset));
  const files = ['CMakePresets.json', 'cmake/emscripten.cmake', 'cmake/arm64.cmake'].map((file) => join(root, file));
  const key = hash([toolchain], files);
  const mark = join(folder, 'configured');
  if (existsSync(join(folder, 'build.ninja')) && readOrNull(mark) === key) return;
  progress.update('configuring');
  rmSync(folder, { recursive: true, force: true }); // CMake keeps to the compiler it has first seen
  await run('cmake', ['--preset', preset], { env: compilersFor(preset), log: `${preset}-configure` });
  writeWhole(mark, key);
}

/** Builds a preset, or these targets of it. */
export async function compile(preset, progress, targets = ['all']) {
  await configure(preset, progress);
  const jobs = String(availableParallelism());
  await run('cmake', ['--build', '--preset', preset, '--target', ...targets, '--parallel', jobs], {
    env: { NINJA_STATUS: '[%f of %t] ' },
    log: `${preset}-build`,
    onLine: (line) => {
      const counted = /^\[\d+ of \d+\]/.exec(line);
      if (counted) progress.update(counted[0].slice(1, -1));
    },
  });
}

const madeOfModel = ['models/sentiment/vocab.txt', 'models/sentiment/integrity.json'];

/** Makes dist/ unless all that it is made from is as it was. */
export async function bundle() {
  const files = filesBelow(
    ...['wasm', 'wasm-relaxed'].flatMap((preset) =>
      ['wasm', 'mjs'].map((end) => `build/${preset}/bindings/latformer.${end}`),
    ),
    'scripts/build_js.mjs',
    'bindings',
    'node',
    'web',
    'models',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.types.json',
  ).filter((path) => !madeOfModel.some((file) => path.endsWith(file)));
  const key = hash([], files);
  const made = ['dist', ...madeOfModel].map((path) => join(root, path));
  if (stamped('dist', key) && made.every((path) => existsSync(path))) return 'there';
  unstamp('dist');
  await run(process.execPath, ['scripts/build_js.mjs'], { log: 'javascript' });
  stamp('dist', key);
}
