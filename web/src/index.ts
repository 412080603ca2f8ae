// The browser entry. On a page it runs in a Web Worker, inside a worker it runs right there.
//
// Files of the package are named by `new URL('./x', import.meta.url)`, the form that bundlers recognise; nothing is
// touched before pipeline() is called, so that server-side rendering may import this.
import { bundledFolder } from '../../bindings/model/bundled.js';
import { folderByFetch, openByFetch } from '../../bindings/model/files.js';
import { createPipelineFactory } from '../../bindings/pipeline.js';
import type { BinaryName } from '../../bindings/wasm/binaries.js';
import { compileByFetch, compileOnce } from '../../bindings/wasm/compile.js';
import { launchWasm } from '../../bindings/wasm/launch.js';
import type { WasmPlatform } from '../../bindings/wasm/launch.js';
import { startHash } from './hash.js';
import { device, keeper } from './keeper.js';
import { base, folderUrl, startThread, startWorker } from './workers.js';

export * from '../../bindings/api.js';

const hasWorkers = (): boolean => typeof Worker === 'function'; // a service worker has none
const isPage = (): boolean => typeof document === 'object' && hasWorkers();

const bundled: Record<BinaryName, () => URL> = {
  'latformer.wasm': () => new URL('./latformer.wasm', import.meta.url),
  'latformer-relaxed.wasm': () => new URL('./latformer-relaxed.wasm', import.meta.url),
  'latformer-threads.wasm': () => new URL('./latformer-threads.wasm', import.meta.url),
  'latformer-relaxed-threads.wasm': () => new URL('./latformer-relaxed-threads.wasm', import.meta.url),
};
const compileBundled = compileOnce((binary) => compileByFetch(bundled[binary]()));

const wasm: WasmPlatform = {
  compile: (binary, wasmPaths) =>
    wasmPaths === undefined ? compileBundled(binary) : compileByFetch(new URL(binary, folderUrl(wasmPaths))),
  startWorker,
  startThread,
  // A page's own thread may not wait for others.
  mostThreads: (isInWorker) =>
    self.crossOriginIsolated && hasWorkers() && (isInWorker || !isPage()) ? navigator.hardwareConcurrency : 1,
  workerByDefault: isPage,
};

/**
 * Loads a model and gives a function that classifies with it.
 * `const classify = await pipeline('sentiment-analysis'); await classify('A joy.')`
 */
export const pipeline = createPipelineFactory({
  launch: (options) => launchWasm(wasm, options),
  bundledModel(wasmPaths) {
    const [vocabulary, weights] =
      wasmPaths === undefined
        ? [
            new URL('./models/sentiment/vocab.txt', import.meta.url),
            new URL('./models/sentiment/model.safetensors', import.meta.url),
          ]
        : [
            new URL('models/sentiment/vocab.txt', folderUrl(wasmPaths)),
            new URL('models/sentiment/model.safetensors', folderUrl(wasmPaths)),
          ];
    return bundledFolder(vocabulary, weights, openByFetch);
  },
  folder: (location) => folderByFetch(new URL(location, base())),
  openUrl: openByFetch,
  startHash,
  keeper,
  device,
});
