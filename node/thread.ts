// What a Node worker thread runs to be one of an engine's threads.
import { serveThread } from '../bindings/wasm/thread.js';
import { parent } from './workers.js';

serveThread(parent());
