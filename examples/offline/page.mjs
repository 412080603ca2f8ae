// After the first visit the page and its scripts come from the service worker's cache, WebAssembly and model from the package's.
import { pipeline } from './node_modules/latformer/dist/web.mjs';

await navigator.serviceWorker.register('./service-worker.js');
await navigator.serviceWorker.ready; // installed: everything is kept

const classify = await pipeline('sentiment-analysis');
const [{ label }] = await classify('A joy from start to finish.');
document.getElementById('answer').textContent = label;
document.getElementById('offline').hidden = false;
