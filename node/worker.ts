// What a Node worker thread runs: an engine behind its parent's port.
import { LocalEngine } from '../bindings/engine.js';
import { serve } from '../bindings/remote.js';
import { parent, startThread } from './workers.js';

serve(new LocalEngine(() => startThread(undefined)), parent());
