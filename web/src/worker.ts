// What a Web Worker runs: an engine behind the page's port, or one of an engine's threads. It is one file for both, because
// a tool that copies it under a name of its own need not know of a second one.
//
// The page's script takes the engine from here, too, instead of having it a second time (scripts/build_js.mjs); then nothing
// is served.
import { serveThread } from '../../bindings/wasm/thread.js';
import { serveEngine } from '../../bindings/wasm/worker.js';
import { isEngine, isThread, parent, startOwnThread } from './workers.js';

export * from '../../bindings/abort.js';
export * from '../../bindings/errors.js';
export * from '../../bindings/wasm/engine.js';
export * from '../../bindings/worker/remote.js';

if (isThread()) serveThread(parent());
else if (isEngine()) serveEngine(startOwnThread, parent());
