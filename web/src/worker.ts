// What the Web Worker runs: an engine behind the page's port.
import { LocalEngine } from '../../bindings/engine.js';
import { serve } from '../../bindings/remote.js';

serve(new LocalEngine(), {
  post: (message) => self.postMessage(message),
  listen: (onMessage) => self.addEventListener('message', (event: MessageEvent<unknown>) => onMessage(event.data)),
});
