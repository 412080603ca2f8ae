// Worker threads as ports: those that run an engine, and those that are its threads. Their files lie beside the entry, or in
// the folder that `wasmPaths` names.
import { pathToFileURL } from 'node:url';
import { Worker, parentPort } from 'node:worker_threads';
import type { Port } from '../bindings/worker/port.js';

/** A folder given as path or URL, as a URL that relative names can be resolved against. */
export function folderUrl(folder: string | URL): URL {
  const url = folder instanceof URL || /^(https?|file):\/\//.test(folder) ? new URL(folder) : pathToFileURL(folder);
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

function start(url: URL, name: string): Port {
  const worker = new Worker(url, { execArgv: [], name });
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

export const startWorker = (wasmPaths: string | URL | undefined): Port =>
  start(
    wasmPaths === undefined
      ? new URL('./node-worker.mjs', import.meta.url)
      : new URL('node-worker.mjs', folderUrl(wasmPaths)),
    'latformer',
  );

export const startThread = (wasmPaths: string | URL | undefined): Port =>
  start(
    wasmPaths === undefined
      ? new URL('./node-thread.mjs', import.meta.url)
      : new URL('node-thread.mjs', folderUrl(wasmPaths)),
    'latformer-thread',
  );

/** The other side, for what runs in such a worker. */
export function parent(): Port {
  if (parentPort === null) throw new Error('this file is made to be run as a worker thread');
  const port = parentPort;
  return { post: (message) => port.postMessage(message), listen: (onMessage) => port.on('message', onMessage) };
}
