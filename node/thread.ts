// What a Node worker thread runs to be one of an engine's threads.
import { serveThread } from '../bindings/thread.js';
import { parent } from './workers.js';

serveThread(parent());
