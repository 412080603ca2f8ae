// The server that server.mjs loads: a text in, a label out. Its one argument says what classifies, as JSON.
import { createServer } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const settings = JSON.parse(process.argv[2]);

async function classifier() {
  if (settings.library === 'transformers') {
    const { env, pipeline } = await import('@huggingface/transformers');
    Object.assign(env, { allowRemoteModels: false, localModelPath: settings.onnx.parent });
    return pipeline('text-classification', settings.onnx.name, { dtype: settings.dtype });
  }
  const { pipeline } = await import('../../dist/node.mjs');
  const { model = null, dtype, speedup, device, options } = settings;
  const classify = await pipeline('text-classification', model, { dtype, device, ...options });
  classify.setSpeedup(speedup);
  return classify;
}

const classify = await classifier();
for (let i = 0; i < 20; ++i) await classify('a joy from start to finish'); // the first runs are slower
const delay = monitorEventLoopDelay({ resolution: 5 });
let begun;

const server = createServer(async (request, response) => {
  if (request.url === '/begin') {
    delay.reset();
    delay.enable();
    begun = process.cpuUsage();
    return response.end();
  }
  if (request.url === '/end') {
    delay.disable();
    const { user, system } = process.cpuUsage(begun);
    const memory = process.memoryUsage().rss / 1e6;
    return response.end(JSON.stringify({ delay: delay.percentile(99) / 1e6, cpu: (user + system) / 1000, memory }));
  }
  let text = '';
  for await (const part of request.setEncoding('utf8')) text += part;
  response.setHeader('content-type', 'application/json');
  return response.end(JSON.stringify(await classify(text)));
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('disconnect', () => process.exit());
