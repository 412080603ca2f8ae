// What a Node worker thread runs: an engine behind its parent's port.
import { serveEngine } from '../bindings/wasm/worker.js';
import { parent, startThread } from './workers.js';

serveEngine(() => startThread(undefined), parent());
