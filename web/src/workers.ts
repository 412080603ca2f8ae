// Web Workers as ports: those that run an engine, and those that are its threads. Their files are named in the form that
// bundlers recognise, or lie in the folder that `wasmPaths` names.
import type { Port } from '../../bindings/worker/port.js';

/** What relative URLs of the caller refer to. */
export const base = (): string => (typeof document === 'object' ? document.baseURI : self.location.href);

export function folderUrl(folder: string | URL): URL {
  const url = new URL(folder, base());
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

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

export function startWorker(wasmPaths: string | URL | undefined): Port {
  if (wasmPaths !== undefined) {
    return portOf(new Worker(new URL('worker.mjs', folderUrl(wasmPaths)), { type: 'module', name: 'latformer' }));
  }
  return portOf(new Worker(new URL('./worker.mjs', import.meta.url), { type: 'module', name: 'latformer' }));
}

export function startThread(wasmPaths: string | URL | undefined): Port {
  if (wasmPaths !== undefined) {
    return portOf(
      new Worker(new URL('thread.mjs', folderUrl(wasmPaths)), { type: 'module', name: 'latformer-thread' }),
    );
  }
  return portOf(new Worker(new URL('./thread.mjs', import.meta.url), { type: 'module', name: 'latformer-thread' }));
}

/** The other side, for what runs in such a worker. */
export const parent = (): Port => ({
  post: (message) => self.postMessage(message),
  listen: (onMessage) => self.addEventListener('message', (event: MessageEvent<unknown>) => onMessage(event.data)),
});
