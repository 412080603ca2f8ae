// What a Node worker thread runs: an engine behind its parent's port, or one of an engine's threads.
//
// The entry and the command take the engine from here, too, instead of having it once more (scripts/build_js.mjs); then nothing
// is served.
import { serveThread } from '../bindings/wasm/thread.js';
import { serveEngine } from '../bindings/wasm/worker.js';
import { openAddon } from './addon.js';
import { isEngine, isThread, parent, startOwnThread } from './workers.js';

export * from '../bindings/abort.js';
export * from '../bindings/errors.js';
export * from '../bindings/wasm/engine.js';
export * from '../bindings/worker/remote.js';

if (isThread()) serveThread(parent());
else if (isEngine()) serveEngine(startOwnThread, parent(), openAddon);
