// The Node entry. Runs in the calling thread unless { worker: true } asks for a worker thread.
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { bundledFiles, bundledName } from '../bindings/model/bundled.js';
import { folderByFetch, folderOfFiles } from '../bindings/model/files.js';
import type { ModelFolder } from '../bindings/model/folder.js';
import { createPipelineFactory } from '../bindings/pipeline.js';
import type { PipelineFactory } from '../bindings/types/pipeline.js';
import { compileByFetch, compileOnce } from '../bindings/wasm/compile.js';
import { launchWasm } from '../bindings/wasm/launch.js';
import type { WasmPlatform } from '../bindings/wasm/launch.js';
import { calibrations, device } from './calibrations.js';
import { folderOnDisk, openUrl } from './files.js';
import { packageFile } from './package_files.js';
import { startThread, startWorker } from './workers.js';

export * from '../bindings/api.js';

function folder(location: string | URL): ModelFolder {
  const isUrl = location instanceof URL || /^(https?|file):\/\//.test(location);
  if (!isUrl) return folderOnDisk(location);
  const url = new URL(location);
  return url.protocol === 'file:' ? folderOnDisk(fileURLToPath(url)) : folderByFetch(url);
}

const compileFrom = async (url: URL): Promise<WebAssembly.Module> =>
  url.protocol === 'file:' ? WebAssembly.compile(await readFile(url)) : compileByFetch(url);
const compileBundled = compileOnce((binary) => compileFrom(packageFile(binary, undefined)));

const wasm: WasmPlatform = {
  compile: (binary, wasmPaths) =>
    wasmPaths === undefined ? compileBundled(binary) : compileFrom(packageFile(binary, wasmPaths)),
  startWorker,
  startThread,
  mostThreads: () => (typeof SharedArrayBuffer === 'function' ? availableParallelism() : 1),
  workerByDefault: () => false,
};

const load = createPipelineFactory({
  launch: (options) => launchWasm(wasm, options),
  bundledModel(wasmPaths) {
    const vocabulary = packageFile('models/sentiment/vocab.txt', wasmPaths);
    const weights = packageFile('models/sentiment/model.safetensors', wasmPaths);
    return folderOfFiles(bundledName, bundledFiles(vocabulary, weights), openUrl);
  },
  folder,
  openUrl,
  calibrations,
  device,
});

/**
 * Loads a model and gives a function that classifies with it.
 * `const classify = await pipeline('sentiment-analysis'); await classify('A joy.')`
 */
export const pipeline: PipelineFactory = async (...args) => {
  // Compiling WebAssembly is no work of the event loop, and a loop without work waits until V8 has optimised all that it
  // has begun to: longer than the rest of the load. A timer is work.
  const work = setInterval(() => undefined, 1 << 30);
  try {
    return await load(...args);
  } finally {
    clearInterval(work);
  }
};
