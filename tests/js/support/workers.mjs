// The worker threads that something starts, to look at or to end.
import { syncBuiltinESMExports } from 'node:module';
import workerThreads from 'node:worker_threads';

/** What `work` gives, and the workers that it has started. */
export async function withWorkers(work) {
  const { Worker } = workerThreads;
  const workers = [];
  workerThreads.Worker = class extends Worker {
    constructor(...args) {
      super(...args);
      workers.push(this);
    }
  };
  syncBuiltinESMExports();
  try {
    return [await work(), workers];
  } finally {
    workerThreads.Worker = Worker;
    syncBuiltinESMExports();
  }
}
