// What Node has for pipeline(). Models run in worker threads, so that the event loop never waits for one; in a worker, or with
// { worker: false }, they run right there.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { LatformerError, messageOf } from '../bindings/errors.js';
import type { BundledModel, LargeFiles } from '../bindings/model/bundled.js';
import { unpacked } from '../bindings/download/gzip.js';
import type { ReadPackageFile } from '../bindings/download/whole.js';
import { reading, show } from '../bindings/arguments/values.js';
import { createEnvironment } from '../bindings/environment.js';
import { folderByUrl } from '../bindings/model/files.js';
import type { ModelFolder, OpenUrl } from '../bindings/model/folder.js';
import { createPipelineFactory } from '../bindings/pipeline.js';
import type { Launch, LaunchOptions, Load, Platform } from '../bindings/platform.js';
import { launchPool } from '../bindings/pool.js';
import { createTokenizerFactory } from '../bindings/tokenizer.js';
import type { Environment } from '../bindings/types/environment.js';
import type { PipelineFactory, TokenizerFactory } from '../bindings/types/pipeline.js';
import type { BinaryName } from '../bindings/wasm/binaries.js';
import { compileFor, compileOnce } from '../bindings/wasm/compile.js';
import { launchWasm } from '../bindings/wasm/launch.js';
import type { WasmPlatform } from '../bindings/wasm/launch.js';
import { addonPackages, findAddon, openAddon } from './addon.js';
import { nodeCrypto } from './builtins.js';
import { downloads } from './cache/downloads.js';
import { device, keeper } from './cache/keeper.js';
import { folderOnDisk, localModel, openFrom } from './files.js';
import { gunzip } from './gunzip.js';
import { binaryFiles, modelFile } from './package_files.js';
import { startThread, startWorker } from './workers.js';

export * from '../bindings/api.js';

function folder(location: string | URL, openUrl: OpenUrl): ModelFolder {
  const isUrl = location instanceof URL || /^([a-z][a-z\d+.-]*:\/\/|(data|blob|about|javascript):)/i.test(location);
  if (!isUrl) return folderOnDisk(location);
  const url = reading('the URL of the model', () => new URL(location));
  if (url.protocol === 'file:') return folderOnDisk(reading('the URL of the model', () => fileURLToPath(url)));
  if (/^https?:$/.test(url.protocol)) return folderByUrl(url, openUrl);
  throw new TypeError(`model must be a folder, or a URL of http:, https: or file:, not ${show(url.href)}`);
}

async function compileFrom(
  binary: BinaryName,
  isShared: boolean,
  wasmPaths: string | URL | undefined,
  read: ReadPackageFile,
): Promise<WebAssembly.Module> {
  const urls = binaryFiles(binary, wasmPaths);
  if (urls[0].protocol !== 'file:') return compileFor(await read(urls, binary), isShared);
  const url = urls.find((each) => existsSync(each)) ?? urls[0];
  return compileFor(await unpacked(await readFile(url), fileURLToPath(url), gunzip), isShared);
}
const compileBundled = compileOnce((binary, isShared, read) => compileFrom(binary, isShared, undefined, read));

const wasm: WasmPlatform = {
  compile: (binary, isShared, wasmPaths, read) =>
    wasmPaths === undefined ? compileBundled(binary, isShared, read) : compileFrom(binary, isShared, wasmPaths, read),
  gunzip,
  startWorker,
  startThread,
  findAddon,
  addonPackages,
  openAddon,
  mostThreads: () => (typeof SharedArrayBuffer === 'function' ? availableParallelism() : 1),
  workerByDefault: () => isMainThread,
};

/** In workers, as a pool that replaces one that dies, or in this thread. */
function launch(options: LaunchOptions, reload: Load): Launch {
  const inThisThread = (): Launch => launchWasm(wasm, { ...options, worker: false, workers: undefined });
  if (!(options.worker ?? (options.workers !== undefined || wasm.workerByDefault()))) return inThisThread();
  const { workers = 1 } = options;
  const threads = options.threads ?? (workers > 1 ? 1 : undefined);
  const each = { ...options, worker: true, workers: undefined, threads };
  try {
    return launchPool(workers, () => launchWasm(wasm, each), reload);
  } catch (cause) {
    if (options.worker === true || options.workers !== undefined) throw cause;
    return noted(inThisThread(), `runs in the calling thread, and keeps it busy: ${messageOf(cause)}`);
  }
}

/** The same launch with a note for ModelInfo. */
const noted = (launched: Launch, note: string): Launch => ({
  ...launched,
  async start(config) {
    const started = await launched.start(config);
    return { ...started, notes: [...started.notes, note] };
  },
});

const base = (): undefined => undefined;

/** Where models are looked for by name, and what is kept of downloads. */
export const env: Environment = createEnvironment({
  allowLocalModels: true,
  localModelPath: '',
  store: downloads,
  base,
});

async function locate({ locate }: BundledModel, wasmPaths: string | URL | undefined): Promise<LargeFiles> {
  const beside = wasmPaths === undefined ? await locate().catch(() => undefined) : undefined;
  return {
    vocabulary: modelFile('vocab.txt', beside?.vocabulary, wasmPaths),
    weights: modelFile('model.safetensors', beside?.weights, wasmPaths),
  };
}

const platform: Platform = {
  launch,
  locate,
  folder,
  localModel,
  openUrl: openFrom,
  base,
  store: downloads,
  seesRedirects: true,
  explain: () => Promise.resolve(undefined),
  startHash: () => nodeCrypto().createHash('sha256'),
  gunzip,
  keeper,
  device,
};

const oldestNode = 20; // as package.json has it

async function loading<T>(load: () => Promise<T>): Promise<T> {
  const { node } = process.versions;
  if (Number(node.split('.')[0]) < oldestNode) {
    const message = `Latformer needs Node ${oldestNode} or newer; this is Node ${node}`;
    throw new LatformerError('unsupported_runtime', message);
  }
  // Compiling WebAssembly is no work of the event loop, and a loop without work waits until V8 has optimised all that it
  // has begun to: longer than the rest of the load. A timer is work.
  const work = setInterval(() => undefined, 1 << 30);
  try {
    return await load();
  } finally {
    clearInterval(work);
  }
}

/**
 * What loads, with this model for those who name none.
 * @internal
 */
export function loadersWith(bundled?: BundledModel): { pipeline: PipelineFactory; loadTokenizer: TokenizerFactory } {
  const pipeline = createPipelineFactory(platform, env, bundled);
  const loadTokenizer = createTokenizerFactory(platform, env, bundled);
  return {
    pipeline: (...args) => loading(() => pipeline(...args)),
    loadTokenizer: (...args) => loading(() => loadTokenizer(...args)),
  };
}
