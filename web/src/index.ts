// The browser entry. On a page it runs in a Web Worker, inside a worker it runs right there.
//
// Files of the package are named by `new URL('./x', import.meta.url)`, the form that bundlers recognise; nothing is
// touched before pipeline() is called, so that server-side rendering may import this.
import { folderByFetch, folderOfFiles, openByFetch } from '../../bindings/files.js';
import { createPipelineFactory } from '../../bindings/pipeline.js';
import type { Port } from '../../bindings/remote.js';
import config from '../../models/sentiment/config.json';
import profile from '../../models/sentiment/profile.json';
import tokenizerConfig from '../../models/sentiment/tokenizer_config.json';
import { calibrations, device } from './calibrations.js';

export * from '../../bindings/api.js';

const isPage = (): boolean => typeof document === 'object' && typeof Worker === 'function';

/** What relative URLs of the caller refer to. */
const base = (): string => (typeof document === 'object' ? document.baseURI : self.location.href);

function folderUrl(folder: string | URL): URL {
  const url = new URL(folder, base());
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

async function compileFrom(url: URL): Promise<WebAssembly.Module> {
  const response = await fetch(url, { credentials: 'same-origin' });
  if (!response.ok) throw new Error(`${url.href} answered ${response.status}`);
  const isWasm = response.headers.get('content-type')?.startsWith('application/wasm') === true;
  return isWasm ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
}

let bundledModule: Promise<WebAssembly.Module> | undefined; // compiled once for all pipelines

function portOf(worker: Worker): Port {
  return {
    post: (message, transfer) => worker.postMessage(message, transfer ?? []),
    listen(onMessage, onFailure) {
      worker.onmessage = (event: MessageEvent<unknown>) => onMessage(event.data);
      worker.onmessageerror = () => onFailure?.(new Error('a message could not be read'));
      worker.onerror = (event) => {
        event.preventDefault();
        onFailure?.(new Error(event.message || 'its script could not be loaded'));
      };
    },
    terminate: () => worker.terminate(),
  };
}

/**
 * Loads a model and gives a function that classifies with it.
 * `const classify = await pipeline('sentiment-analysis'); await classify('A joy.')`
 */
export const pipeline = createPipelineFactory({
  async compile(wasmPaths) {
    if (wasmPaths !== undefined) return compileFrom(new URL('latformer.wasm', folderUrl(wasmPaths)));
    bundledModule ??= compileFrom(new URL('./latformer.wasm', import.meta.url));
    return bundledModule.catch((error: unknown) => {
      bundledModule = undefined; // a network may come back
      throw error;
    });
  },
  bundledModel(wasmPaths) {
    if (wasmPaths !== undefined) return folderByFetch(new URL('models/sentiment', folderUrl(wasmPaths)));
    const text = new TextEncoder();
    const files = new Map<string, Uint8Array | URL>([
      ['config.json', text.encode(config)],
      ['tokenizer_config.json', text.encode(tokenizerConfig)],
      ['profile.json', text.encode(profile)],
      ['vocab.txt', new URL('./models/sentiment/vocab.txt', import.meta.url)],
      ['model.safetensors', new URL('./models/sentiment/model.safetensors', import.meta.url)],
    ]);
    return folderOfFiles('the bundled sentiment model', files, openByFetch);
  },
  folder: (location) => folderByFetch(new URL(location, base())),
  openUrl: openByFetch,
  startWorker(wasmPaths) {
    if (wasmPaths !== undefined) {
      return portOf(new Worker(new URL('worker.mjs', folderUrl(wasmPaths)), { type: 'module', name: 'latformer' }));
    }
    return portOf(new Worker(new URL('./worker.mjs', import.meta.url), { type: 'module', name: 'latformer' }));
  },
  workerByDefault: isPage,
  calibrations,
  device,
});
