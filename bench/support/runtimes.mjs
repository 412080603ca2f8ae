// Where a contender can live: a Node process, a page in a browser, a native program. Each has a process or page to itself
// and gives { call(method, ...args), close() } over the methods of the script that start() is told, whatever lies between.
import { fork, spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { basename, dirname, extname, join, posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createInterface } from 'node:readline';
import { browsers, launch } from '../../scripts/browsers/index.mjs';
import { nodes, setUpNewerNode } from '../../scripts/setup/node.mjs';
import { root } from '../../scripts/support/paths.mjs';
import { Failure } from '../../scripts/support/steps.mjs';
import { addonOf, ownPlatform } from '../../scripts/support/platforms.mjs';
import { buildProgram } from './build.mjs';

const onnxFiles = { fp32: 'model.onnx', q8: 'model_quantized.onnx' };

/** What a contender needs to know of a model; `at` turns a path into what its runtime can open. */
function specOf({ library, dtype, threads, calibrate = false }, { folder, onnxFolder }, at, modules) {
  const files = Object.fromEntries(
    Object.entries(onnxFiles).map(([key, file]) => [key, at(join(onnxFolder, 'onnx', file))]),
  );
  const onnx = { parent: at(`${dirname(onnxFolder)}/`), name: basename(onnxFolder), files };
  return { library, dtype, threads, calibrate, model: at(folder), onnx, modules };
}

class NodeHost {
  #child;
  #waiting = new Map();
  #next = 0;

  constructor(execPath, script) {
    this.#child = fork(join(root, script), {
      execPath,
      execArgv: [],
      serialization: 'advanced',
      // Leaves the user's calibrations alone.
      env: {
        ...process.env,
        XDG_CACHE_HOME: join(root, 'build/bench/cache'),
        LATFORMER_ADDON: addonOf(ownPlatform) ?? '',
      },
    });
    this.#child.on('message', ({ id, value, error }) => {
      const { resolve, reject } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) resolve(value);
      else reject(new Error(error));
    });
    this.#child.on('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`it ended with ${signal ?? code}`));
    });
  }

  call(method, ...args) {
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, method, args }, (error) => error && reject(error));
    });
  }

  async close() {
    this.#child.kill('SIGKILL');
  }
}

const nodeModules = {
  latformer: join(root, 'dist/node.mjs'),
  transformers: '@huggingface/transformers',
  'onnxruntime-web': 'onnxruntime-web',
  'onnxruntime-node': 'onnxruntime-node',
};

/** The core by itself, natively: bench/native/classify.cc behind the same methods. */
class NativeHost {
  #child;
  #lines;
  #work = new Map();

  constructor(program, { model, dtype, threads, calibrate }) {
    this.#child = spawn(program, [model, String(threads), dtype, calibrate ? 'time' : 'macs'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async #line() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('bench_classify ended');
    return value;
  }

  async #ask(runs, { texts, speedup = 1 }) {
    this.#child.stdin.write(`${runs} ${speedup} ${texts.map((text) => text.replace(/\s/g, ' ')).join('\t')}\n`);
    return JSON.parse(await this.#line());
  }

  async call(method, key, argument) {
    if (method === 'load') return void (await this.#line()); // which kernels it runs
    if (method === 'prepare') return void this.#work.set(key, argument);
    const work = this.#work.get(key);
    const times = await this.#ask(1, work);
    const more = Math.ceil((argument - times[0]) / times[0]);
    return { times: more > 0 ? [...times, ...(await this.#ask(more, work))] : times };
  }

  async close() {
    this.#child.kill('SIGKILL');
  }
}

/** The Node of one of two kinds: without relaxed SIMD (before 22) and with it. */
function node(name, fits) {
  return {
    name,
    async start(script) {
      await setUpNewerNode();
      const found = nodes().find(({ version }) => fits(Number(version.split('.')[0])));
      if (!found) throw new Failure(`there is no Node for ${name}; npm test sets up a second one`);
      return {
        version: `Node ${found.version}`,
        nodePath: found.path,
        async open(contender, model, more = () => ({})) {
          const at = (path) => path;
          const spec = { ...specOf(contender, model, at, nodeModules), ...more(at) };
          if (contender.library === 'latformer native') {
            return { host: new NativeHost(await buildProgram('release', 'bench_classify'), spec), spec };
          }
          return { host: new NodeHost(found.path, script), spec };
        },
        close: async () => undefined,
      };
    },
  };
}

const contentTypes = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.gz': 'application/gzip',
};

/** Serves this repository and the models to this computer, as a page must be served to have threads. */
async function serveIsolated(folders, script) {
  const server = createServer(async (request, response) => {
    const path = posix.normalize(decodeURIComponent(new URL(request.url, 'http://localhost').pathname));
    const [prefix, folder] = Object.entries(folders).find(([each]) => path.startsWith(each)) ?? [];
    const file = folder && join(folder, path.slice(prefix.length));
    const stats = file && (await stat(file).catch(() => undefined));
    response.setHeader('cross-origin-opener-policy', 'same-origin');
    response.setHeader('cross-origin-embedder-policy', 'require-corp');
    response.setHeader('cross-origin-resource-policy', 'same-origin');
    if (path === '/') {
      response.setHeader('content-type', 'text/html');
      return response.end(`<!doctype html><script type="module" src="/repository/${script}"></script>`);
    }
    if (!stats?.isFile()) return response.writeHead(404).end();
    response.setHeader('content-type', contentTypes[extname(file)] ?? 'application/octet-stream');
    response.setHeader('content-length', stats.size);
    return pipeline(createReadStream(file), response).catch(() => undefined);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

const browserModules = (peers) => ({
  latformer: '/repository/dist/web.mjs',
  transformers: `${peers}/@huggingface/transformers/dist/transformers.min.js`,
  transformersWasm: `${peers}/@huggingface/transformers/node_modules/onnxruntime-web/dist/`,
  'onnxruntime-web': `${peers}/onnxruntime-web/dist/ort.wasm.min.mjs`,
  wllama: `${peers}/@wllama/wllama/esm/index.js`,
  wllamaWasm: `${peers}/@wllama/wllama/esm/wasm/wllama.wasm`,
});

/** A real browser; each contender has a page to itself. */
const inBrowser = (name) => ({
  name,
  async start(script) {
    const browser = await launch(browsers[name]);
    let server;
    return {
      version: `${browsers[name].name} ${browser.version}`.trim(),
      async open(contender, model, more = () => ({})) {
        const models = dirname(model.folder);
        server ??= await serveIsolated({ '/repository/': root, '/models/': models }, script);
        const at = (path) => path.replace(`${models}/`, '/models/');
        const spec = { ...specOf(contender, model, at, browserModules('/repository/bench/node_modules')), ...more(at) };
        const page = await browser.open(server.url);
        await page.evaluate(async () => {
          while (!('host' in globalThis)) await new Promise((resolve) => setTimeout(resolve, 10));
        });
        return {
          spec,
          host: {
            call: (method, ...args) =>
              page.evaluate(([name, given]) => globalThis.host[name](...given), [method, args]),
            close: () => page.close(),
          },
        };
      },
      async close() {
        await browser.close();
        server?.close();
      },
    };
  },
});

export const runtimes = [
  node('node-base', (major) => major < 22),
  node('node-relaxed', (major) => major >= 22),
  ...Object.keys(browsers).map(inBrowser),
];

/** Whether it is one, which says nothing of its memory, and runs no programs. */
export const isBrowser = (name) => Object.hasOwn(browsers, name);
