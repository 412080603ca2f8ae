// What must hold in every browser, in one of them: a page and a worker, threads, what is kept of downloads, a service worker, a
// private window, and what is said of files that are not there. Prints a line for each test and ends with 'N passed, N failed'.
//   node tests/browser/every.mjs chromium|firefox|webkit [--dist DIR] [--only TEXT]      (dist/ must be built)
//
// Chromium has many more tests (run.mjs).
import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { browsers, launch } from '../../scripts/browsers/index.mjs';
import { packagesBelow, serve } from '../../scripts/serve.mjs';
import { root } from '../../scripts/support/paths.mjs';
import { heartbeat } from './heartbeat.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { dist: { type: 'string', default: join(root, 'dist') }, only: { type: 'string', default: '' } },
});
const browser = browsers[positionals[0]];
if (!browser) throw new Error(`name a browser: ${Object.keys(browsers).join(', ')}`);
const dist = resolve(options.dist);
const patience = 60_000;

const praise = 'One of the best films of the year, funny, warm and beautifully acted. I loved every minute of it.';
const blame = 'Dull, overlong and badly acted. The worst film I have seen this year; I wanted my money back.';

const folders = [
  { url: '/models/', path: join(root, 'tests/parity/models') },
  { url: '/blank/', path: join(root, 'tests/browser/blank') },
  ...['text/plain', 'text/html'].flatMap((type) => [
    { url: `/${type}/dist/`, path: dist, headers: { 'content-type': type } },
    { url: `/${type}/model/`, path: join(root, 'models/sentiment'), headers: { 'content-type': type } },
  ]),
  ...packagesBelow('/offline/node_modules/', dist),
  { url: '/offline/', path: join(root, 'examples/offline') },
];

const running = await launch(browser);

/** A server that nothing is kept of, and what it was asked for: {url, asked, close}. */
async function newServer(isIsolated = false) {
  const asked = [];
  const server = await serve({ dist, folders, isIsolated, onRequest: (path) => asked.push(path) });
  return { ...server, asked };
}
const plain = await newServer();
const isolated = await newServer(true);

/** What `body` gives in a new page that imported nothing yet, which must not complain. */
async function inPage(body, argument = null, { server = plain, within = running } = {}) {
  const page = await within.open(new URL('/blank/', server.url).href);
  try {
    const result = await page.evaluate(body, argument);
    assert.deepEqual(await page.evaluate(() => self.complaints), []);
    return result;
  } finally {
    await page.close();
  }
}

/** Asks `probe` until it says something true. */
async function eventually(what, probe) {
  for (const deadline = performance.now() + patience; ;) {
    const value = await probe();
    if (value) return value;
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const inNode = async (...args) => (await import(pathToFileURL(join(dist, 'node.mjs')).href)).pipeline(...args);
const untimed = (answers) =>
  JSON.parse(JSON.stringify(answers, (key, value) => (key === 'milliseconds' ? undefined : value)));

/** Classifies once with the bundled model; gives what came of it. */
async function classifyOnce(text) {
  const { pipeline, env } = await import('/dist/web.mjs');
  const classify = await pipeline('sentiment-analysis');
  const [{ label }] = await classify(text);
  await classify.dispose();
  return { label, notes: classify.info.notes, kept: (await env.cache.list()).length };
}

const tests = [
  [
    'in a worker, and in the page itself, a model by URL gives what it gives in Node, to the last bit',
    async () => {
      const texts = [praise, blame, '', 'naïve 東京 🎬', { text: praise, text_pair: blame }];
      const body = async ([given, worker]) => {
        const { pipeline } = await import('/dist/web.mjs');
        const classify = await pipeline('text-classification', '/models/merge-int8', { kernels: 'base', worker });
        const answers = [];
        for (const speedup of [1, 3]) answers.push(await classify(given, { speedup, stats: true, top_k: null }));
        await classify.dispose();
        const late = await classify('too late').catch(({ code }) => code);
        return { answers, late, binary: classify.info.binary };
      };
      const classify = await inNode('text-classification', join(root, 'tests/parity/models/merge-int8'), {
        kernels: 'base',
        worker: false,
      });
      const expected = [];
      for (const speedup of [1, 3]) expected.push(await classify(texts, { speedup, stats: true, top_k: null }));
      for (const worker of [true, false]) {
        const { answers, late, binary } = await inPage(body, [texts, worker]);
        assert.deepEqual(untimed(answers), untimed(expected));
        assert.deepEqual([late, binary], ['disposed', 'latformer.wasm']);
      }
    },
  ],
  [
    'text is generated in pieces as in Node; a signal ends it',
    async () => {
      const prompt = 'Once upon a time';
      const { pieces, ended } = await inPage(async (prompt) => {
        const { pipeline } = await import('/dist/web.mjs');
        const generate = await pipeline('text-generation', '/models/gpt2-tied-f32', { kernels: 'base' });
        const pieces = [];
        for await (const piece of generate.stream(prompt, { max_new_tokens: 12 })) pieces.push(piece);
        const controller = new AbortController();
        const pending = generate(prompt, { max_new_tokens: 100, signal: controller.signal });
        controller.abort();
        const ended = await pending.catch(({ name }) => name);
        await generate.dispose();
        return { pieces, ended };
      }, prompt);
      const generate = await inNode('text-generation', join(root, 'tests/parity/models/gpt2-tied-f32'), {
        kernels: 'base',
        worker: false,
      });
      const [{ generated_text: expected }] = await generate(prompt, { max_new_tokens: 12 });
      assert.equal(prompt + pieces.join(''), expected);
      assert.ok(pieces.length > 1);
      assert.equal(ended, 'AbortError');
    },
  ],
  [
    'a tokenizer without a model, in a worker and in the page: ids, offsets and back',
    async () => {
      const body = async ([text, worker]) => {
        const { loadTokenizer } = await import('/dist/web.mjs');
        const found = [];
        for (const model of [null, '/models/gpt2-tied-f32']) {
          const tokenizer = await loadTokenizer(model, { worker });
          const { ids, offsets } = await tokenizer.encode(text, { offsets: true, add_special_tokens: false });
          found.push([offsets.map(([begin, end]) => text.slice(begin, end)).join('|'), await tokenizer.decode(ids)]);
          tokenizer.dispose();
        }
        return found;
      };
      for (const worker of [true, false]) {
        const [words, bytes] = await inPage(body, ['A joy, naïvely so', worker]);
        assert.deepEqual(words, ['A|joy|,|naïve|ly|so', 'a joy, naively so']);
        assert.equal(bytes[1], 'A joy, naïvely so');
      }
    },
  ],
  [
    'relaxed SIMD where the browser has it; threads on an isolated page with a worker, and nowhere else',
    async () => {
      const body = async ([text, worker]) => {
        const { pipeline } = await import('/dist/web.mjs');
        const classify = await pipeline('text-classification', '/models/merge-int8', { threads: 2, worker });
        await classify(text);
        await classify.dispose();
        const { binary, threads, notes } = classify.info;
        return {
          found: { binary, threads, notes },
          mayShare: self.crossOriginIsolated && worker && navigator.hardwareConcurrency > 1,
          // () -> v128, i8x16.relaxed_swizzle
          isRelaxed: WebAssembly.validate(
            Uint8Array.of(
              ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0],
              ...[10, 15, 1, 13, 0, 65, 0, 253, 15, 65, 0, 253, 15, 253, 128, 2, 11],
            ),
          ),
        };
      };
      const facts = [];
      for (const [server, worker] of [
        [plain, true],
        [isolated, false],
        [isolated, true],
      ]) {
        const { found, mayShare, isRelaxed } = await inPage(body, [praise, worker], { server });
        const binary = `latformer${isRelaxed ? '-relaxed' : ''}.wasm`;
        assert.deepEqual(found, { binary, threads: mayShare ? 2 : 1, notes: [] });
        facts.push(binary);
      }
      return facts.join(', ');
    },
  ],
  [
    'the page stays alive while its worker works',
    async () => {
      const { beats, longestGap: gap, duration } = await inPage(heartbeat, praise);
      const facts = `${beats} beats, ${gap.toFixed(0)} of ${duration.toFixed(0)} ms without one`;
      assert.ok(beats > 5 && gap < duration / 2, facts);
      return facts;
    },
  ],
  [
    'the second visit fetches neither model nor WebAssembly',
    async () => {
      const server = await newServer();
      const large = () => server.asked.splice(0).filter((path) => /\.(gz|safetensors|txt)$/.test(path));
      try {
        // Its page stays, for in a browser that keeps nothing longer what it has goes with the last one.
        const first = await running.open(new URL('/blank/', server.url).href);
        const { label, notes, kept } = await first.evaluate(classifyOnce, praise);
        assert.deepEqual([label, notes, kept], ['POSITIVE', [], 3]);
        assert.equal(large().length, 3);
        const second = await inPage(classifyOnce, praise, { server });
        assert.deepEqual([second.label, large()], ['POSITIVE', []]);
        await first.close();
      } finally {
        await server.close();
      }
    },
  ],
  [
    'offline: a page whose scripts a service worker keeps classifies without its server',
    async () => {
      const server = await newServer();
      const url = new URL('/offline/', server.url).href;
      const page = await running.open(url);
      const answer = () =>
        eventually('an answer', () =>
          page.evaluate(
            () => !document.getElementById('offline').hidden && document.getElementById('answer').textContent,
          ),
        );
      try {
        assert.equal(await answer(), 'POSITIVE');
      } finally {
        await server.close();
      }
      await page.goto(url);
      assert.equal(await answer(), 'POSITIVE');
      await page.close();
    },
  ],
  [
    'in a service worker, which may not start workers, a model runs on one thread',
    async () => {
      const found = await inPage(
        async (text) => {
          await navigator.serviceWorker.register('service_worker.mjs', { type: 'module' });
          const registration = await navigator.serviceWorker.ready;
          const { port1, port2 } = new MessageChannel();
          const answer = new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
          registration.active.postMessage(text, [port2]);
          const result = await answer;
          await registration.unregister();
          return result;
        },
        praise,
        { server: isolated },
      );
      assert.deepEqual([found.label, found.threads], ['POSITIVE', 1], JSON.stringify(found));
      return found.isolated ? 'isolated' : 'not isolated, whatever its page is';
    },
  ],
  [
    'in a private window a model loads, and info says so where nothing is kept',
    async () => {
      const within = await launch(browser, { isPrivate: true });
      try {
        const { label, notes, kept } = await inPage(classifyOnce, praise, { within });
        assert.equal(label, 'POSITIVE');
        if (kept === 0) assert.match(notes.join(), /downloads are not kept/);
        else assert.deepEqual([notes, kept], [[], 3]);
        return kept > 0 ? 'kept until it is closed' : notes.join();
      } finally {
        await within.close();
      }
    },
  ],
  [
    'a host that calls WebAssembly and models plain text serves them all the same; what it calls HTML is no file of theirs',
    async () => {
      const [plainText, wasm, model] = await inPage(async (text) => {
        const { env, pipeline } = await import('/dist/web.mjs');
        env.cache.enabled = false;
        const labelOf = async (model, options) => {
          try {
            const classify = await pipeline('text-classification', model, { worker: false, ...options });
            const [{ label }] = await classify(text);
            await classify.dispose();
            return label;
          } catch ({ code, message }) {
            return `${code}: ${message}`;
          }
        };
        return [
          await labelOf('/text/plain/model', { wasmPaths: '/text/plain/dist/' }),
          await labelOf('/text/plain/model', { wasmPaths: '/text/html/dist/' }),
          await labelOf('/text/html/model'),
        ];
      }, praise);
      assert.equal(plainText, 'POSITIVE');
      assert.match(wasm, /^read_failed: .*\.wasm\.gz is missing, or an HTML page stands in its place.*wasmPaths/);
      assert.match(model, /^bad_model: config\.json is missing or empty in http.*\/text\/html\/model/);
    },
  ],
  [
    'files of the package and of a model that are not there are named, with the cure',
    async () => {
      const errors = await inPage(async () => {
        const { pipeline } = await import('/dist/web.mjs');
        const failure = (...args) =>
          pipeline(...args).then(
            () => 'no error',
            ({ code, message }) => `${code}: ${message}`,
          );
        return {
          wasm: await failure('sentiment-analysis', null, { wasmPaths: '/nowhere/', worker: false }),
          worker: await failure('sentiment-analysis', null, { wasmPaths: '/nowhere/' }),
          model: await failure('sentiment-analysis', '/models/none'),
        };
      });
      assert.match(errors.wasm, /^read_failed: http.*\/nowhere\/.* is missing.*dist\/.*wasmPaths/);
      assert.match(errors.worker, /^(read_failed|unsupported_runtime): .*dist\/.*wasmPaths/);
      assert.match(errors.model, /^bad_model: config\.json is missing or empty in http.*\/models\/none/);
    },
  ],
];

const chosen = tests.filter(([name]) => name.includes(options.only));
let failed = 0;
console.log(`${browser.name} ${running.version}`);
try {
  for (const [name, test] of chosen) {
    const started = performance.now();
    const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
    try {
      const facts = await test();
      console.log(`ok      ${name} (${[facts, seconds()].filter(Boolean).join('; ')})`);
    } catch (error) {
      ++failed;
      console.log(`FAILED  ${name} (${seconds()})\n${error.stack}`);
    }
  }
} finally {
  await running.close();
  await plain.close();
  await isolated.close();
}
console.log(`${chosen.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
