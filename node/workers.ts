// Worker threads as ports: those that run an engine, and those that are its threads. Both run one file, which is told by
// its workerData what it is and where it lies.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker, parentPort, workerData } from 'node:worker_threads';
import type { Port } from '../bindings/worker/port.js';
import { packageFile } from './package_files.js';

/** What a worker is told. */
interface Role {
  name: 'latformer' | 'latformer-thread';
  /** The address of its own file. */
  file: string;
}

function start(url: URL, name: Role['name']): Port {
  const workerData: Role = { name, file: url.href };
  const worker = new Worker(url, { execArgv: [], name, workerData });
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

export function startWorker(wasmPaths: string | URL | undefined): Port {
  const url = packageFile('node-worker.mjs', wasmPaths);
  if (!existsSync(url)) throw new Error(`${fileURLToPath(url)} is missing`); // a worker would tell only later
  return start(url, 'latformer');
}

export const startThread = (wasmPaths: string | URL | undefined): Port =>
  start(packageFile('node-worker.mjs', wasmPaths), 'latformer-thread');

/** The other side, for what runs in such a worker. */
export function parent(): Port {
  if (parentPort === null) throw new Error('this file is made to be run as a worker thread');
  const port = parentPort;
  return { post: (message) => port.postMessage(message), listen: (onMessage) => port.on('message', onMessage) };
}

const isNamed = (name: Role['name']): boolean => {
  const role = workerData as Partial<Role> | null; // of whoever started the thread that this is
  return typeof role === 'object' && role?.name === name && 'file' in role;
};

/** Whether this is a worker that runs an engine. */
export const isEngine = (): boolean => isNamed('latformer');

/** Whether this is one that serves as a thread of another's engine. */
export const isThread = (): boolean => isNamed('latformer-thread');

/** In such a worker: starts a thread of its engine. */
export const startOwnThread = (): Port => start(new URL((workerData as Role).file), 'latformer-thread');
