// The Node entry. Runs in the calling thread unless { worker: true } asks for a worker thread.
import { readFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { folderByFetch } from '../bindings/files.js';
import { createPipelineFactory } from '../bindings/pipeline.js';
import type { ModelFolder } from '../bindings/platform.js';
import type { Port } from '../bindings/remote.js';
import { calibrations, device } from './calibrations.js';
import { folderOnDisk, openUrl } from './files.js';

export * from '../bindings/api.js';

/** A folder given as path or URL, as a URL that relative names can be resolved against. */
function folderUrl(folder: string | URL): URL {
  const url = folder instanceof URL || /^(https?|file):\/\//.test(folder) ? new URL(folder) : pathToFileURL(folder);
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

async function bytesOf(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(url.protocol === 'file:' ? await readFile(url) : await (await fetch(url)).arrayBuffer());
}

function folder(location: string | URL): ModelFolder {
  const isUrl = location instanceof URL || /^(https?|file):\/\//.test(location);
  if (!isUrl) return folderOnDisk(location);
  const url = new URL(location);
  return url.protocol === 'file:' ? folderOnDisk(fileURLToPath(url)) : folderByFetch(url);
}

const here = import.meta.url;
let bundledModule: Promise<WebAssembly.Module> | undefined; // compiled once for all pipelines

function startWorker(wasmPaths: string | URL | undefined): Port {
  const url =
    wasmPaths === undefined
      ? new URL('./node-worker.mjs', import.meta.url)
      : new URL('node-worker.mjs', folderUrl(wasmPaths));
  const worker = new Worker(url, { execArgv: [], name: 'latformer' });
  worker.unref();
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    listen(onMessage, onFailure) {
      worker.on('message', onMessage);
      worker.on('error', (error) => onFailure?.(error));
      worker.on('messageerror', (error) => onFailure?.(error));
      worker.on('exit', (code) => onFailure?.(new Error(`exit code ${code}`)));
    },
    setBusy: (isBusy) => (isBusy ? worker.ref() : worker.unref()),
    terminate: () => void worker.terminate(),
  };
}

/**
 * Loads a model and gives a function that classifies with it.
 * `const classify = await pipeline('sentiment-analysis'); await classify('A joy.')`
 */
export const pipeline = createPipelineFactory({
  async compile(wasmPaths) {
    if (wasmPaths !== undefined) {
      return WebAssembly.compile(await bytesOf(new URL('latformer.wasm', folderUrl(wasmPaths))));
    }
    bundledModule ??= bytesOf(new URL('./latformer.wasm', import.meta.url)).then((bytes) => WebAssembly.compile(bytes));
    return bundledModule;
  },
  bundledModel(wasmPaths) {
    return folder(new URL('models/sentiment/', wasmPaths === undefined ? here : folderUrl(wasmPaths)));
  },
  folder,
  openUrl,
  startWorker,
  workerByDefault: () => false,
  calibrations,
  device,
});
