// What the Web Worker runs: an engine behind the page's port.
import { LocalEngine } from '../../bindings/engine.js';
import { serve } from '../../bindings/remote.js';
import { parent, startThread } from './workers.js';

serve(new LocalEngine(() => startThread(undefined)), parent());
