// What browsers have for pipeline(). On a page it runs in a Web Worker, inside a worker it runs right there.
//
// Files of the package are named by `new URL('./x', import.meta.url)`, the form that bundlers recognise; nothing is
// touched before pipeline() is called, so that server-side rendering may import this.
import { reading } from '../../bindings/arguments/values.js';
import type { BundledModel, LargeFiles } from '../../bindings/model/bundled.js';
import { createEnvironment } from '../../bindings/environment.js';
import { folderByUrl } from '../../bindings/model/files.js';
import { configFile } from '../../bindings/model/names.js';
import { createPipelineFactory } from '../../bindings/pipeline.js';
import type { Platform } from '../../bindings/platform.js';
import type { BinaryName } from '../../bindings/wasm/binaries.js';
import { createTokenizerFactory } from '../../bindings/tokenizer.js';
import type { Environment } from '../../bindings/types/environment.js';
import type { PipelineFactory, TokenizerFactory } from '../../bindings/types/pipeline.js';
import { compileFor, compileOnce } from '../../bindings/wasm/compile.js';
import { launchWasm } from '../../bindings/wasm/launch.js';
import type { WasmPlatform } from '../../bindings/wasm/launch.js';
import { cacheStorage } from './cache_storage.js';
import { gunzip } from './gunzip.js';
import { startHash } from './hash.js';
import { device, keeper } from './keeper.js';
import { explain, watchPolicy } from './policy.js';
import { base, besideThis, folderUrl, startThread, startWorker } from './workers.js';

export * from '../../bindings/api.js';

const hasWorkers = (): boolean => typeof Worker === 'function'; // a service worker has none
const isPage = (): boolean => typeof document === 'object' && hasWorkers();

const bundled: Record<BinaryName, () => URL> = {
  'latformer.wasm': () => new URL('./latformer.wasm.gz', import.meta.url),
  'latformer-relaxed.wasm': () => new URL('./latformer-relaxed.wasm.gz', import.meta.url),
};
const compileBundled = compileOnce(async (binary, isShared, read) =>
  compileFor(await read([bundled[binary]()], binary), isShared),
);
/** In a folder that somebody made, a binary may be gzipped or not. */
const filesOf = (binary: BinaryName, folder: URL): [URL, URL] => [
  new URL(`${binary}.gz`, folder),
  new URL(binary, folder),
];

const wasm: WasmPlatform = {
  compile: async (binary, isShared, wasmPaths, read) =>
    wasmPaths === undefined
      ? compileBundled(binary, isShared, read)
      : compileFor(await read(filesOf(binary, folderUrl(wasmPaths)), binary), isShared),
  gunzip,
  startWorker,
  startThread,
  // A page's own thread may not wait for others. Some builds of WebKit isolate pages, and share no memory all the same.
  mostThreads: (isInWorker) =>
    self.crossOriginIsolated && typeof SharedArrayBuffer === 'function' && hasWorkers() && (isInWorker || !isPage())
      ? navigator.hardwareConcurrency
      : 1,
  workerByDefault: isPage,
};

/** Where models are looked for by name, and what is kept of downloads. */
export const env: Environment = createEnvironment({
  allowLocalModels: false,
  localModelPath: '/models/',
  store: cacheStorage,
  base,
});

const filesIn = (folder: URL): LargeFiles => ({
  vocabulary: new URL('vocab.txt', folder),
  weights: new URL('model.safetensors', folder),
});

/** Where nothing knows packages by their names, on a page without a bundler, they lie side by side as npm has put them. */
async function locate({ locate }: BundledModel, wasmPaths: string | URL | undefined): Promise<LargeFiles> {
  if (wasmPaths !== undefined) return filesIn(new URL('models/sentiment/', folderUrl(wasmPaths)));
  return locate().catch(() => filesIn(besideThis('../../@latformer/sentiment/')));
}

const platform: Platform = {
  launch: (options) => launchWasm(wasm, options),
  locate,
  folder: (location, openUrl) =>
    folderByUrl(
      reading('the URL of the model', () => new URL(location, base())),
      openUrl,
    ),
  async localModel(name, localModelPath, openUrl) {
    const folder = folderByUrl(new URL(name, folderUrl(localModelPath)), openUrl);
    const config = await folder.open(configFile, undefined).catch(() => undefined);
    await config?.close();
    return config && folder;
  },
  openUrl: (openUrl) => openUrl,
  base,
  store: cacheStorage,
  seesRedirects: false,
  explain,
  startHash,
  gunzip,
  keeper,
  device,
};

/**
 * What loads, with this model for those who name none.
 * @internal
 */
export function loadersWith(bundled?: BundledModel): { pipeline: PipelineFactory; loadTokenizer: TokenizerFactory } {
  const pipeline = createPipelineFactory(platform, env, bundled);
  const loadTokenizer = createTokenizerFactory(platform, env, bundled);
  return {
    pipeline(...args) {
      watchPolicy();
      return pipeline(...args);
    },
    loadTokenizer(...args) {
      watchPolicy();
      return loadTokenizer(...args);
    },
  };
}
