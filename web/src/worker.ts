// What a Web Worker runs: an engine behind the page's port, or one of an engine's threads. It is one file for both, because
// a tool that copies it under a name of its own need not know of a second one.
import { serveThread } from '../../bindings/wasm/thread.js';
import { serveEngine } from '../../bindings/wasm/worker.js';
import { isThread, parent, startOwnThread } from './workers.js';

if (isThread()) serveThread(parent());
else serveEngine(startOwnThread, parent());
