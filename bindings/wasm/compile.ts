// The package's binaries, compiled: what browsers and Node have in common.
import type { ReadPackageFile } from '../download/whole.js';
import type { BinaryName } from './binaries.js';

type Compile = (binary: BinaryName, read: ReadPackageFile) => Promise<WebAssembly.Module>;

/** Compiles each binary once for all pipelines. What failed is tried anew: a network may come back, or a free handle. */
export function compileOnce(compile: Compile): Compile {
  const modules = new Map<BinaryName, Promise<WebAssembly.Module>>();
  return (binary, read) => {
    let compiled = modules.get(binary);
    if (compiled === undefined) {
      compiled = compile(binary, read);
      compiled.catch(() => modules.delete(binary));
      modules.set(binary, compiled);
    }
    return compiled;
  };
}
