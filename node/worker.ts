// What a Node worker thread runs: an engine behind its parent's port, or one of an engine's threads.
import { serveThread } from '../bindings/wasm/thread.js';
import { serveEngine } from '../bindings/wasm/worker.js';
import { openAddon } from './addon.js';
import { isThread, parent, startOwnThread } from './workers.js';

if (isThread()) serveThread(parent());
else serveEngine(startOwnThread, parent(), openAddon);
