// Web Workers as ports: those that run an engine, and those that are its threads. Their files are named in the form that
// bundlers recognise, or lie in the folder that `wasmPaths` names.
import { ownFilesCure } from '../../bindings/download/whole.js';
import type { Port } from '../../bindings/worker/port.js';

/** What relative URLs of the caller refer to. */
export const base = (): string => (typeof document === 'object' ? document.baseURI : self.location.href);

export function folderUrl(folder: string | URL): URL {
  const url = new URL(folder, base());
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

/** `why`: what is to blame if it does not start and the browser does not tell. */
function portOf(worker: Worker, why = `its script could not be loaded; ${ownFilesCure}`): Port {
  return {
    post: (message, transfer) => worker.postMessage(message, transfer ?? []),
    listen(onMessage, onFailure) {
      worker.onmessage = (event: MessageEvent<unknown>) => onMessage(event.data);
      worker.onmessageerror = () => onFailure?.(new Error('a message could not be read'));
      worker.onerror = (event) => {
        event.preventDefault();
        onFailure?.(new Error(event.message || why));
      };
    },
    terminate: () => worker.terminate(),
  };
}

/**
 * A worker whose script is of another origin, which no browser starts: it begins with a script of this origin that imports
 * it. The address of that script stays, because the worker's threads begin with it, too.
 */
function startFromElsewhere(url: URL, options: WorkerOptions): Port {
  const script = new Blob([`import ${JSON.stringify(url.href)};`], { type: 'text/javascript' });
  const cure =
    `its script is of another origin: the page's policy must allow blob: and ${url.origin} as worker-src, ` +
    'or serve the files of dist/ from the origin of the page and name their folder by { wasmPaths }';
  return portOf(new Worker(URL.createObjectURL(script), options), cure);
}

// Where a tool has moved the script, the literal address in `new Worker` is the right one; this one is for scripts of another
// origin, which no tool has. It is no literal, because Parcel gives a script that is imported, too, no address.
const workerFile = './worker.mjs';
export const besideThis = (file: string): URL => new URL(file, import.meta.url);

function start(make: () => Worker, url: () => URL, options: WorkerOptions): Port {
  try {
    return portOf(make());
  } catch (error) {
    if (!(error instanceof DOMException && error.name === 'SecurityError')) throw error;
    return startFromElsewhere(url(), options);
  }
}

const engineWorker: WorkerOptions = { type: 'module', name: 'latformer-engine' };
const threadWorker: WorkerOptions = { type: 'module', name: 'latformer-thread' };

// Bundlers recognise `new Worker(new URL(…), …)` only as a whole, with options that are written out.

export function startWorker(wasmPaths: string | URL | undefined): Port {
  if (wasmPaths !== undefined) {
    const url = new URL('worker.mjs', folderUrl(wasmPaths));
    return start(
      () => new Worker(url, engineWorker),
      () => url,
      engineWorker,
    );
  }
  return start(
    () => new Worker(new URL('./worker.mjs', import.meta.url), { type: 'module', name: 'latformer-engine' }),
    () => besideThis(workerFile),
    engineWorker,
  );
}

export function startThread(wasmPaths: string | URL | undefined): Port {
  if (wasmPaths !== undefined) {
    const url = new URL('worker.mjs', folderUrl(wasmPaths));
    return start(
      () => new Worker(url, threadWorker),
      () => url,
      threadWorker,
    );
  }
  return start(
    () => new Worker(new URL('./worker.mjs', import.meta.url), { type: 'module', name: 'latformer-thread' }),
    () => besideThis(workerFile),
    threadWorker,
  );
}

const isWorkerNamed = (name: string | undefined): boolean =>
  typeof self === 'object' && typeof document === 'undefined' && self.name === name;

/** Whether this is a worker that runs an engine. */
export const isEngine = (): boolean => isWorkerNamed(engineWorker.name);

/** Whether this is one that serves as a thread of another's engine. */
export const isThread = (): boolean => isWorkerNamed(threadWorker.name);

/**
 * Bundlers make classic scripts of workers at times; only there importScripts() may be called: in a module it is a TypeError,
 * in Firefox if it is given something. What is no address fetches nothing, and is a DOMException in a classic script.
 */
function isClassicScript(): boolean {
  const { importScripts } = self as unknown as { importScripts(...urls: string[]): void };
  try {
    importScripts();
    importScripts('//:');
    return true;
  } catch (error) {
    return error instanceof DOMException;
  }
}

/** In such a worker: starts a thread of its engine, from the script that runs here. */
export const startOwnThread = (): Port =>
  portOf(new Worker(self.location.href, { ...threadWorker, type: isClassicScript() ? 'classic' : 'module' }));

/** The other side, for what runs in such a worker. */
export const parent = (): Port => ({
  post: (message) => self.postMessage(message),
  listen: (onMessage) => self.addEventListener('message', (event: MessageEvent<unknown>) => onMessage(event.data)),
});
