// The package's binaries, compiled: what browsers and Node have in common.
//
// A binary says that the memory it imports is shared, as threads need it. Few pages may have such a memory, and one thread needs
// none: then that word of the binary is changed before it is compiled. Nothing else in it depends on it.
import type { ReadPackageFile } from '../download/whole.js';
import type { BinaryName } from './binaries.js';

const header = 8; // bytes: what WebAssembly begins with
const importSection = 2;
const memoryImport = 2; // a kind of import
const sharedFlag = 2; // of its limits

/** Where the flags of the memory are that a binary imports; undefined where none is found. */
function memoryFlags(binary: Uint8Array): number | undefined {
  let at = header;
  const byte = (): number => binary[at++] ?? 0;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const part = byte();
      value += (part & 0x7f) * 2 ** shift;
      if (part < 0x80) return value;
    }
  };
  const skip = (size: number): void => void (at += size);
  while (at < binary.length) {
    const section = byte();
    const size = number();
    if (section !== importSection) {
      skip(size);
      continue;
    }
    for (let count = number(); count > 0 && at < binary.length; --count) {
      skip(number()); // the names of the module
      skip(number()); // and of what is imported
      const kind = byte();
      if (kind === memoryImport) return at;
      if (kind !== 0) return undefined; // only functions come before it
      number();
    }
    return undefined;
  }
  return undefined;
}

/** Compiles a binary for a shared memory or for one that is not; changes `binary`. */
export function compileFor(binary: Uint8Array<ArrayBuffer>, isShared: boolean): Promise<WebAssembly.Module> {
  const flags = isShared ? undefined : memoryFlags(binary);
  if (flags !== undefined) binary[flags] = (binary[flags] ?? 0) & ~sharedFlag;
  return WebAssembly.compile(binary);
}

type Compile = (binary: BinaryName, isShared: boolean, read: ReadPackageFile) => Promise<WebAssembly.Module>;

/** Compiles each binary once for all pipelines. What failed is tried anew: a network may come back, or a free handle. */
export function compileOnce(compile: Compile): Compile {
  const modules = new Map<string, Promise<WebAssembly.Module>>();
  return (binary, isShared, read) => {
    const key = `${binary} ${isShared}`;
    let compiled = modules.get(key);
    if (compiled === undefined) {
      compiled = compile(binary, isShared, read);
      compiled.catch(() => modules.delete(key));
      modules.set(key, compiled);
    }
    return compiled;
  };
}
