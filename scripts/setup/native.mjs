// Compilers and tools of the native builds and of lint.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../support/paths.mjs';

const runtime = '/usr/lib/llvm-19/lib/clang/19/lib/linux';

/** Whether LibTorch would find a fast BLAS: Debian's reference one is fifty times slower. */
const hasOpenBlas = () =>
  readdirSync('/usr/lib').some((triple) => existsSync(join('/usr/lib', triple, 'openblas-pthread')));

/** For 64-bit ARM, under qemu: the C++ library that goes with the compiler's own, and what runs the programs. */
function crossNeeds() {
  if (process.arch === 'arm64') return [];
  const crossed = '/usr/lib/gcc-cross/aarch64-linux-gnu';
  const versions = (folder) => (existsSync(folder) ? readdirSync(folder).map(Number).filter(Boolean) : []);
  const version = Math.max(12, ...versions('/usr/lib/gcc/x86_64-linux-gnu'));
  return [
    [`libstdc++-${version}-dev-arm64-cross`, () => versions(crossed).length > 0],
    ['lld-19', () => findProgram('ld.lld-19')],
    ['qemu-user', () => findProgram('qemu-aarch64')],
  ];
}

/** What is needed: [Debian's name of the package, whether it is here]. */
export function needs(purpose) {
  const needed = [
    ['cmake', () => findProgram('cmake')],
    ['ninja-build', () => findProgram('ninja')],
  ];
  if (purpose === 'test' || purpose === 'train') {
    needed.push(['libgtest-dev', () => existsSync('/usr/include/gtest/gtest.h')]);
  }
  if (purpose === 'test') {
    needed.push(
      ['clang-19', () => findProgram('clang++-19')],
      ['libclang-rt-19-dev', () => existsSync(runtime)],
      ['clang-format-19', () => findProgram('clang-format-19')],
      ['clang-tidy-19', () => findProgram('clang-tidy-19')],
      ['googletest', () => existsSync('/usr/src/googletest')], // the sources, for WebAssembly and ARM
      ...crossNeeds(),
    );
  }
  if (purpose === 'train') {
    needed.push(
      ['libtorch-dev', () => process.env.CMAKE_PREFIX_PATH || existsSync('/usr/include/torch')],
      ['libgloo-dev', () => process.env.CMAKE_PREFIX_PATH || existsSync('/usr/include/gloo')],
      ['libopenblas0-pthread', () => process.env.CMAKE_PREFIX_PATH || hasOpenBlas()],
    );
  }
  return needed;
}
