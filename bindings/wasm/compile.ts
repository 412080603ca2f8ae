// The package's binaries, compiled: what browsers and Node have in common.
import { LatformerError } from '../errors.js';
import { isStartPage } from '../model/files.js';
import type { BinaryName } from './binaries.js';

export async function compileByFetch(url: URL): Promise<WebAssembly.Module> {
  const response = await fetch(url);
  if (!response.ok || isStartPage(response)) {
    await response.body?.cancel();
    const answer = response.ok ? 'with an HTML page' : response.status;
    throw new LatformerError('read_failed', `${url.href} answered ${answer}`);
  }
  // Streaming insists on exactly this type; a server that adds a parameter to it sends the same bytes.
  const canStream = response.headers.get('content-type') === 'application/wasm';
  return canStream ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
}

/** Compiles each binary once for all pipelines. What failed is tried anew: a network may come back, or a free handle. */
export function compileOnce(
  compile: (binary: BinaryName) => Promise<WebAssembly.Module>,
): (binary: BinaryName) => Promise<WebAssembly.Module> {
  const modules = new Map<BinaryName, Promise<WebAssembly.Module>>();
  return (binary) => {
    let compiled = modules.get(binary);
    if (compiled === undefined) {
      compiled = compile(binary);
      compiled.catch(() => modules.delete(binary));
      modules.set(binary, compiled);
    }
    return compiled;
  };
}
