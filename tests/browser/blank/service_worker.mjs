// Classifies the text of a message, and answers through its port; threads are asked for.
import { pipeline } from '/dist/web.mjs';

async function answer(text) {
  try {
    const classify = await pipeline('sentiment-analysis', null, { threads: 2 });
    const [{ label }] = await classify(text);
    await classify.dispose();
    return { isolated: self.crossOriginIsolated, label, threads: classify.info.threads };
  } catch (error) {
    return String(error);
  }
}

self.addEventListener('message', (event) => {
  event.waitUntil(answer(event.data).then((result) => event.ports[0].postMessage(result)));
});
