// An HTTP endpoint under full load, by autocannon: requests a second, latencies, the delay of the event loop, processor
// time and memory of a server with the default, with threads, with workers, in its own thread, and of transformers.js.
//
//   npm run bench:server -- [DIR] [--connections 16] [--seconds 5] [--rounds 3] [--tokens 16,32,64] [--workers N]
//                           [--dtype q8|fp32] [--speedup 1] [--device wasm|native]
//
// --device native: with the addon, which is built first.
// DIR: a model folder, for which the peer gets an ONNX file; by default the bundled model, without the peer. Each server
// has a process to itself; they take turns, and the middle of the rounds is shown.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { build, buildAddon } from '../../scripts/build.mjs';
import { root } from '../../scripts/support/paths.mjs';
import { addonOf, ownPlatform } from '../../scripts/support/platforms.mjs';
import { run } from '../../scripts/support/run.mjs';
import { main, step } from '../../scripts/support/steps.mjs';
import { median } from '../support/median.mjs';
import { prepareModel, textOf } from '../support/models.mjs';
import { table } from '../support/table.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    connections: { type: 'string', default: '16' },
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    tokens: { type: 'string', default: '16,32,64' },
    workers: { type: 'string', default: String(availableParallelism()) },
    dtype: { type: 'string' },
    speedup: { type: 'string', default: '1' },
    device: { type: 'string', default: 'wasm' },
  },
});

const calmDelay = 20; // milliseconds of the event loop's delay, which a server stays below if models leave it alone

/** A process with one server; loaded and warm. */
async function start(name, settings) {
  const child = fork(join(root, 'bench/server/endpoint.mjs'), [JSON.stringify(settings)], {
    execArgv: [],
    env: { LATFORMER_ADDON: addonOf(ownPlatform) ?? '', ...process.env },
  });
  const [message] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`${name} ended with ${code}`);
    }),
  ]);
  return { name, child, url: `http://127.0.0.1:${message.port}`, rounds: [] };
}

async function contenders() {
  const dtype = options.dtype;
  const model = positionals[0] && (await prepareModel(positionals[0], { onnx: true }));
  const { device } = options;
  const common = { library: 'latformer', model: model?.folder, dtype, speedup: Number(options.speedup), device };
  const count = Number(options.workers);
  const list = [
    ['in its own thread', { ...common, options: { worker: false } }],
    ['default', { ...common, options: {} }],
    [`threads: ${count}`, { ...common, options: { threads: count } }],
    [`workers: ${count}`, { ...common, options: { workers: count } }],
  ];
  if (model) {
    const { onnxFolder } = model;
    const onnx = { parent: `${dirname(onnxFolder)}/`, name: basename(onnxFolder) };
    list.push(['transformers.js', { library: 'transformers', onnx, dtype: dtype ?? 'fp32' }]);
  }
  return list;
}

async function load(autocannon, { url }, bodies) {
  let next = 0;
  const result = await autocannon({
    url,
    connections: Number(options.connections),
    duration: Number(options.seconds),
    requests: [{ method: 'POST', setupRequest: (request) => ({ ...request, body: bodies[next++ % bodies.length] }) }],
  });
  if (result.errors + result.non2xx > 0) throw new Error(`${result.errors + result.non2xx} requests failed`);
  return result;
}

async function bench() {
  await build();
  if (options.device === 'native') await buildAddon();
  if (!existsSync(join(root, 'bench/node_modules/autocannon'))) {
    await step('Peers', () =>
      run('npm', ['ci', '--ignore-scripts', '--prefix', join(root, 'bench')], { log: 'peers' }),
    );
  }
  const { default: autocannon } = await import('autocannon');
  const bodies = options.tokens.split(',').map((tokens) => textOf(Number(tokens)));
  const servers = [];
  try {
    for (const [name, settings] of await contenders()) servers.push(await start(name, settings));
    for (let round = 0; round < Number(options.rounds); ++round) {
      for (const server of servers) {
        await fetch(`${server.url}/begin`);
        const { requests, latency } = await load(autocannon, server, bodies);
        const own = await (await fetch(`${server.url}/end`)).json();
        const cpu = own.cpu / requests.total;
        server.rounds.push({ rate: requests.average, p50: latency.p50, p99: latency.p99, ...own, cpu });
      }
    }
  } finally {
    for (const { child } of servers) child.kill();
  }
  const middle = ({ rounds }, field, digits = 0) => median(rounds.map((each) => each[field])).toFixed(digits);
  const [busy] = loadavg();
  console.log(
    `\n${options.device}: ${options.connections} connections, texts of ${options.tokens} tokens, Node ${process.versions.node}, ` +
      `${availableParallelism()} processors, load average ${busy.toFixed(1)}\n`,
  );
  const head = ['', 'requests/s', 'p50 ms', 'p99 ms', 'loop delay p99 ms', 'CPU ms/request', 'memory MB'];
  const rows = servers.map((server) => [
    server.name,
    middle(server, 'rate', 1),
    middle(server, 'p50'),
    middle(server, 'p99'),
    middle(server, 'delay', 1),
    middle(server, 'cpu', 1),
    middle(server, 'memory'),
  ]);
  console.log(table([head, ...rows]));
  const calm = servers.filter((server) => Number(middle(server, 'delay', 1)) < calmDelay);
  console.log(`\nEvent-loop delay p99 under ${calmDelay} ms: ${calm.map(({ name }) => name).join('; ') || 'none'}`);
}

await main(bench);
