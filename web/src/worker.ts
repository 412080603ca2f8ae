// What the Web Worker runs: an engine behind the page's port.
import { serveEngine } from '../../bindings/wasm/worker.js';
import { parent, startThread } from './workers.js';

serveEngine(() => startThread(undefined), parent());
