// What a Node worker thread runs: an engine behind its parent's port.
import { parentPort } from 'node:worker_threads';
import { LocalEngine } from '../bindings/engine.js';
import { serve } from '../bindings/remote.js';

if (parentPort === null) throw new Error('this file is made to be run as a worker thread');
const port = parentPort;
serve(new LocalEngine(), {
  post: (message) => port.postMessage(message),
  listen: (onMessage) => port.on('message', onMessage),
});
