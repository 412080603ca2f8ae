// The package and the demo page in a real Chromium, under a strict Content-Security-Policy, without cross-origin isolation
// and, where threads are concerned, with it; every.mjs has what must hold in all browsers. Prints a line for each test and ends
// with 'N passed, N failed'; exit code 1 if anything failed.
//   node tests/browser/run.mjs [--dist DIR] [--screenshot FILE] [--only TEXT]      (dist/ must be built; CHROMIUM names the browser)
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { serve, writeSite } from '../../scripts/serve.mjs';
import { launchChromium } from '../../scripts/browsers/index.mjs';
import { downloadTests } from './downloads.mjs';
import { heartbeat } from './heartbeat.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values: options } = parseArgs({
  options: {
    dist: { type: 'string', default: join(root, 'dist') },
    screenshot: { type: 'string' },
    only: { type: 'string', default: '' },
  },
});
const dist = resolve(options.dist);
const timeout = 60_000;

const praise = 'One of the best films of the year, funny, warm and beautifully acted. I loved every minute of it.';
const blame = 'Dull, overlong and badly acted. The worst film I have seen this year; I wanted my money back.';

const folders = [
  { url: '/models/', path: join(root, 'tests/parity/models') },
  { url: '/blank/', path: join(root, 'tests/browser/blank') },
];
const server = await serve({ dist, folders, isIsolated: false });
const isolatedServer = await serve({ dist, folders });
const context = await launchChromium();
context.setDefaultTimeout(timeout);
// What the page's policy refuses is collected in each page.
await context.addInitScript(() => {
  self.violations = [];
  self.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
    self.violations.push(`${violatedDirective} refused ${blockedURI}`),
  );
});

/** A page at `path`, and what went wrong in it: complaints on the console, errors, refusals by the policy. */
async function openPage(path, { url } = server) {
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => {
    // A browser reports each file that is not there, also those that need not be.
    const isOptional = /\/(special_tokens_map|added_tokens)\.json$/.test(message.location().url);
    if (/^(error|warning)$/.test(message.type()) && !isOptional) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.stack ?? String(error)));
  await page.goto(new URL(path, url).href);
  return { page, complaints: async () => [...complaints, ...(await page.evaluate(() => self.violations))] };
}

/** Runs `body` in a page that imported nothing yet; resolves to what it returns, and fails if the page complained. */
async function inBlankPage(body, argument, expectedComplaint) {
  const { page, complaints } = await openPage('/blank/');
  try {
    const result = await page.evaluate(body, argument);
    const unexpected = (await complaints()).filter((complaint) => !expectedComplaint?.test(complaint));
    assert.deepEqual(unexpected, []);
    return result;
  } finally {
    await page.close();
  }
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Asks `probe` until it says something true, and resolves to that. */
async function eventually(what, probe) {
  const deadline = performance.now() + timeout;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await pause(20);
  }
}

/** What the demo page shows now. */
const readDemo = (page) =>
  page.evaluate(() => {
    const textOf = (id) => document.getElementById(id).textContent;
    return {
      answered: Number(document.body.dataset.answered ?? 0), // which state of the page this is the answer to
      labels: [textOf('full-label'), textOf('label')],
      scores: [parseFloat(textOf('full-score')), parseFloat(textOf('score'))],
      times: [parseFloat(textOf('full-time')), parseFloat(textOf('time'))],
      at: textOf('at'),
      words: textOf('words').replace('\u200b', ''),
      kept: Number(/^(\d+) of/.exec(textOf('kept'))?.[1] ?? 0), // 'All 66 words live on in the rest row'
      rest: textOf('rest'),
      alert: document.getElementById('alert').hidden ? '' : textOf('alert'),
    };
  });

/** The demo page once its model is there; `at` asks for a text at a speed and gives what is then shown. */
async function openDemo(path = '/') {
  const { page, complaints } = await openPage(path);
  const isReady = () => page.evaluate(() => !document.getElementById('speedup').disabled);
  await eventually('the model', isReady);
  let answered = 0;
  const newAnswer = () =>
    eventually('an answer', async () => {
      const state = await readDemo(page);
      assert.equal(state.alert, '');
      if (state.answered <= answered) return false;
      answered = state.answered;
      return state;
    });
  const at = async (text, speedup) => {
    await page.fill('#text', text);
    await page.fill('#speedup', String(speedup));
    return eventually(`an answer at ${speedup}`, async () => {
      const state = await newAnswer();
      return state.words === text && state.at === `${speedup}×` && state;
    });
  };
  return { page, complaints, at, newAnswer };
}

const tests = [
  [
    'the demo page tells praise from blame, and its layers hold ever fewer words at speedup 4.8',
    async () => {
      const { page, complaints, at } = await openDemo();
      await page.setViewportSize({ width: 390, height: 844 });
      assert.equal(await page.evaluate(() => crossOriginIsolated), false);
      for (const [text, label] of [
        [praise, 'POSITIVE'],
        [blame, 'NEGATIVE'],
      ]) {
        const { labels, scores, times } = await at(text, 4.8);
        assert.deepEqual(labels, [label, label]);
        assert.ok([...scores, ...times].every((number) => number > 0));
        const kept = [];
        for (let layer = 0; layer <= 5; ++layer) {
          await page.fill('#layer', String(layer));
          const state = await readDemo(page);
          assert.equal(state.words, text, 'words that are gone are still there to read');
          if (state.kept < kept[0]) assert.match(state.rest, /the rest row(, as one| holds \d+ as one) average/);
          kept.push(state.kept);
        }
        assert.ok(kept.every((count, layer) => layer === 0 || count <= kept[layer - 1]));
        assert.ok(kept.at(-1) < kept[0] / 2, `much is dropped: ${kept}`);
        await at(text, 1);
        const { kept: all } = await readDemo(page);
        assert.equal(all, kept[0], 'at speedup 1 nothing is dropped');
      }
      if (options.screenshot !== undefined) {
        await at(praise, 2);
        await page.fill('#layer', '2');
        await pause(1000); // until the times are steady
        await page.screenshot({ path: options.screenshot });
      }
      assert.deepEqual(await complaints(), []);
      await page.close();
    },
  ],
  [
    'the page can be used by keyboard and by its labels',
    async () => {
      const { page, complaints, newAnswer } = await openDemo();
      await page.getByLabel('A film review').fill(praise);
      await page.getByLabel('Speed', { exact: true }).focus();
      await page.keyboard.press('End');
      const fastest = await page.getByLabel('Speed', { exact: true }).inputValue();
      await eventually('the largest speedup', async () => (await newAnswer()).at === `${fastest}×`);
      await page.getByLabel('Layer').focus();
      await page.keyboard.press('End');
      const spoken = await page.getByLabel('Layer').getAttribute('aria-valuetext');
      assert.match(spoken, /^after 5 of 5: (\d+ of \d+|All \d+) words .*the rest row/);
      assert.equal(await page.textContent('#curve-text'), 'Beyond 4.8× nothing was measured.');
      await page.getByRole('button', { name: 'blame' }).click();
      const example = await page.getByLabel('A film review').inputValue();
      assert.notEqual(example, praise);
      await eventually('another answer', async () => (await newAnswer()).words === example);
      await page.getByLabel('A film review').fill('');
      await eventually('an empty text', async () => (await newAnswer()).words === '');
      assert.deepEqual(await complaints(), []);
      await page.close();
    },
  ],
  [
    'its second tab writes on from a prompt, by a folder that is given, as fast as asked, and stops; axe finds no fault',
    async () => {
      const { page, complaints } = await openDemo();
      await page.getByRole('tab', { name: 'Generate' }).click();
      const state = (id) => page.textContent(`#generate-${id}`);
      await page.setInputFiles('#generate-folder', join(root, 'tests/parity/models/gpt2-tied-f32'));
      await eventually('the model', () => page.isEnabled('#generate-go'));
      const go = async (prompt, speedup, mode, most) => {
        await page.getByLabel('The text so far').fill(prompt);
        await page.fill('#generate-speedup', String(speedup));
        await page.selectOption('#generate-mode', mode);
        await page.fill('#generate-most', String(most));
        await page.getByRole('button', { name: 'Go on' }).click();
      };
      await go('Once upon a time', 1, 'sentences', 12);
      await eventually('the text', async () => (await state('state')) === 'That is all.');
      assert.equal(await state('text'), 'Once upon a timeedededededededededededed'); // as tests/js/tasks/generate.test.mjs has it
      assert.ok(parseFloat(await state('first')) >= 0 && parseFloat(await state('rate')) > 0);
      for (const mode of ['sentences', 'layers', 'cut']) {
        await go(`The ${mode} were not good. They were dull and long. And so was all of it.`, 3, mode, 5);
        await eventually('a shorter prompt', async () => {
          const [kept, all] = (await state('kept')).match(/\d+/g) ?? [];
          return (await state('state')) !== 'Reading the prompt …' && Number(kept) < Number(all);
        });
      }
      await go('a', 1, 'cut', 150);
      await page
        .getByRole('button', { name: 'Stop' })
        .click({ timeout: 2000 })
        .catch(() => undefined); // or it is done
      await eventually('an end', () => page.isEnabled('#generate-go'));
      await page.evaluate(await readFile(join(root, 'node_modules/axe-core/axe.min.js'), 'utf8'));
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        const { violations } = await page.evaluate(() => self.axe.run());
        assert.deepEqual(
          violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`),
          [],
        );
      }
      await page.setInputFiles('#generate-folder', join(root, 'tests/parity/models/merge-int8'));
      await eventually('an error', async () => /unsupported_model/.test(await page.textContent('#alert')));
      assert.deepEqual(await complaints(), []);
      await page.close();
    },
  ],
  [
    'axe finds no fault with it, in light and dark',
    async () => {
      const { page, at } = await openDemo();
      const axe = await readFile(join(root, 'node_modules/axe-core/axe.min.js'), 'utf8');
      await at(praise, 4.8);
      await page.evaluate(() => (document.querySelector('details').open = true));
      await page.fill('#layer', '2');
      await page.evaluate(axe);
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        const { violations } = await page.evaluate(() => self.axe.run());
        const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
        assert.deepEqual(found, [], colorScheme);
      }
      await page.close();
    },
  ],
  [
    'it runs a folder of the visitor, keeps a latency budget, and says what a folder lacks',
    async () => {
      const { page, complaints, newAnswer } = await openDemo();
      const answered = newAnswer();
      await page.evaluate(() => (document.querySelector('details').open = true));
      await answered;
      await page.setInputFiles('#folder', join(root, 'tests/parity/models/merge-int8'));
      await eventually('its sizes', () =>
        page.evaluate(() => document.getElementById('curve-section').hidden && document.body.dataset.answered),
      );
      await page.getByLabel('Latency budget, ms').fill('20');
      await eventually('its answer', async () => (await newAnswer()).at === '20 ms');
      await page.setInputFiles('#folder', join(root, 'tests/browser/blank'));
      await eventually('a complaint', async () => /config\.json/.test((await readDemo(page)).alert));
      assert.deepEqual(await complaints(), []);
      await page.close();
    },
  ],
  [
    'as static files it works on any host, in any folder',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'latformer-site-'));
      await writeSite(folder, dist);
      const host = await serve({ dist, folders: [{ url: '/some/where/', path: folder }], isIsolated: false });
      try {
        const { page, complaints } = await openPage('/some/where/', host);
        await eventually('an answer', () => page.evaluate(() => document.body.dataset.answered));
        assert.equal((await readDemo(page)).labels[0], 'POSITIVE');
        assert.deepEqual(await complaints(), []);
        await page.close();
      } finally {
        await host.close();
        await rm(folder, { recursive: true });
      }
    },
  ],
  [
    'the policy is really in force',
    async () => {
      const answer = await inBlankPage(
        async () => {
          const script = document.createElement('script');
          script.textContent = 'self.inlineRan = true';
          document.head.append(script);
          await new Promise((resolve) => setTimeout(resolve));
          const { length } = self.violations;
          self.violations = [];
          return { ran: self.inlineRan === true, violations: length };
        },
        undefined,
        /Content Security Policy/,
      );
      assert.deepEqual(answer, { ran: false, violations: 1 });
    },
  ],
  [
    'a signal of a frame cancels loading, a call and a calibration',
    async () => {
      const ended = await inBlankPage(async (sentence) => {
        const { pipeline } = await import('/dist/web.mjs');
        const frame = document.body.appendChild(document.createElement('iframe'));
        const { AbortController: Controller, AbortSignal: Signal } = frame.contentWindow;
        /** What `begin` ends with when its signal is aborted while it runs. */
        const endOf = async (begin) => {
          const controller = new Controller();
          const result = begin(controller.signal);
          setTimeout(() => controller.abort(), 20);
          return result.then(
            () => 'done',
            ({ name }) => name,
          );
        };
        const classify = await pipeline('sentiment-analysis', null, { signal: new Controller().signal });
        const texts = Array.from({ length: 500 }, () => sentence);
        const ended = [
          await pipeline('sentiment-analysis', null, { signal: Signal.abort() }).catch(({ name }) => name),
          await endOf((signal) => classify(texts, { signal })),
          await endOf((signal) => classify.calibrate({ fresh: true, signal })),
        ];
        const { signal } = new Controller();
        frame.remove();
        ended.push((await classify(sentence, { signal }))[0].label);
        await classify.dispose();
        return ended;
      }, praise);
      assert.deepEqual(ended, ['AbortError', 'AbortError', 'AbortError', 'POSITIVE']);
    },
  ],
  [
    'the main thread stays responsive while a long text is read',
    async () => {
      const { duration, longestGap, beats } = await inBlankPage(heartbeat, praise);
      const facts = `${beats} beats, ${longestGap.toFixed(0)} of ${duration.toFixed(0)} ms without one`;
      assert.ok(beats > 5 && longestGap < duration / 3, facts);
      return facts;
    },
  ],
  [
    'a model by URL gives what it gives in Node',
    async () => {
      const texts = [praise, blame, '', 'naïve 東京 🎬', { text: praise, text_pair: blame }];
      const inBrowser = await inBlankPage(async (given) => {
        const { pipeline } = await import('/dist/web.mjs');
        const classify = await pipeline('text-classification', '/models/merge-int8', { kernels: 'base' });
        const answers = [];
        for (const speedup of [1, 3, classify.maxSpeedup]) {
          answers.push(await classify(given, { speedup, stats: true, top_k: null }));
        }
        await classify.dispose();
        return answers;
      }, texts);

      const { pipeline } = await import(pathToFileURL(join(dist, 'node.mjs')).href);
      const classify = await pipeline('text-classification', join(root, 'tests/parity/models/merge-int8'), {
        kernels: 'base',
      });
      const inNode = [];
      for (const speedup of [1, 3, classify.maxSpeedup]) {
        inNode.push(await classify(texts, { speedup, stats: true, top_k: null }));
      }
      const untimed = (answers) =>
        JSON.parse(JSON.stringify(answers, (key, value) => (key === 'milliseconds' ? undefined : value)));
      assert.deepEqual(untimed(inBrowser), untimed(inNode));
    },
  ],
  [
    'text is generated in the worker of a page as in Node, in pieces, and a loop that is left ends it',
    async () => {
      const prompt = 'Once upon a time';
      const { pieces, whole, left } = await inBlankPage(async (prompt) => {
        const { pipeline } = await import('/dist/web.mjs');
        // One by one, for a page reports each file that is not there.
        const names = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'];
        const urlOf = (name) => new URL(`/models/gpt2-tied-f32/${name}`, location.href);
        const files = Object.fromEntries(names.map((name) => [name, urlOf(name)]));
        const generate = await pipeline('text-generation', { files }, { kernels: 'base' });
        const pieces = [];
        for await (const piece of generate.stream(prompt, { max_new_tokens: 12 })) pieces.push(piece);
        let left = 0;
        for await (const piece of generate.stream(prompt, { max_new_tokens: 140 })) if (piece && ++left === 3) break;
        const [whole] = await generate(prompt, { max_new_tokens: 12 });
        await generate.dispose();
        return { pieces, whole, left };
      }, prompt);
      const { pipeline } = await import(pathToFileURL(join(dist, 'node.mjs')).href);
      const generate = await pipeline('text-generation', join(root, 'tests/parity/models/gpt2-tied-f32'), {
        kernels: 'base',
      });
      const [inNode] = await generate(prompt, { max_new_tokens: 12 });
      await generate.dispose();
      assert.deepEqual(whole, inNode);
      assert.equal(prompt + pieces.join(''), inNode.generated_text);
      assert.ok(pieces.length > 1);
      assert.equal(left, 3);
    },
  ],
  [
    'the worker is the default, gives the same answers as none, and ends on dispose',
    async () => {
      const { page, complaints } = await openPage('/blank/');
      const answers = await page.evaluate(async (text) => {
        const { pipeline } = await import('/dist/web.mjs');
        self.inWorker = await pipeline('sentiment-analysis');
        self.direct = await pipeline('sentiment-analysis', null, { worker: false });
        return Promise.all([self.inWorker(text), self.direct(text)]);
      }, praise);
      assert.deepEqual(answers[0], answers[1]);
      assert.equal(page.workers().length, 1);
      const codes = await page.evaluate(async () => {
        const pending = self.inWorker('still waiting').catch(({ code }) => code);
        await self.inWorker.dispose();
        await self.inWorker.dispose();
        const later = self.inWorker('too late').catch(({ code }) => code);
        return Promise.all([pending, later]);
      });
      assert.deepEqual(codes, ['disposed', 'disposed']);
      await eventually('the end of the worker', () => page.workers().length === 0);
      assert.deepEqual(await complaints(), []);
      await page.close();
    },
  ],
  [
    'relaxed SIMD by default; threads on an isolated page with a worker, and nowhere else',
    async () => {
      const body = async ([texts, dtypes]) => {
        const { pipeline } = await import('/dist/web.mjs');
        const found = [];
        for (const kernels of ['base', 'relaxed', undefined]) {
          for (const [dtype, worker] of dtypes.flatMap((dtype) => [
            [dtype, true],
            [dtype, false],
          ])) {
            const options = { kernels, dtype, worker, threads: 2 };
            const classify = await pipeline('text-classification', '/models/merge-int8', options);
            const { binary, threads } = classify.info;
            const scores = (await classify(texts, { top_k: null })).flat().map(({ score }) => score);
            await classify.dispose();
            found.push({ options, binary, threads, scores });
          }
        }
        return { found, isolated: crossOriginIsolated, processors: navigator.hardwareConcurrency };
      };
      for (const from of [server, isolatedServer]) {
        const { page, complaints } = await openPage('/blank/', from);
        const { found, isolated, processors } = await page.evaluate(body, [
          [praise, blame, ''],
          ['fp32', 'q8'],
        ]);
        assert.equal(isolated, from === isolatedServer);
        for (const { options, binary, threads, scores } of found) {
          const expected = isolated && options.worker ? Math.min(2, processors) : 1;
          const relaxed = options.kernels === 'base' ? '' : '-relaxed';
          assert.deepEqual([binary, threads], [`latformer${relaxed}.wasm`, expected]);
          const same = found.find((each) => each.options.dtype === options.dtype);
          scores.forEach((score, i) => assert.ok(Math.abs(score - same.scores[i]) < 1e-4, `${binary}: ${score}`));
        }
        await eventually('the end of all workers', () => page.workers().length === 0);
        assert.deepEqual(await complaints(), []);
        await page.close();
      }
    },
  ],
  [
    'threads of a page are ended with it, and a call can be cancelled by dispose',
    async () => {
      const { page, complaints } = await openPage('/blank/', isolatedServer);
      const { code, threads } = await page.evaluate(async (text) => {
        const { pipeline } = await import('/dist/web.mjs');
        const classify = await pipeline('sentiment-analysis', null, { threads: 2 });
        await classify(text);
        const pending = classify(Array.from({ length: 200 }, () => text)).catch(({ code }) => code);
        await new Promise((resolve) => setTimeout(resolve, 20));
        await classify.dispose();
        return { code: await pending, threads: classify.info.threads };
      }, praise);
      assert.equal(code, 'disposed');
      await eventually('the end of all workers', () => page.workers().length === 0);
      assert.deepEqual(await complaints(), []);
      await page.close();
      return `${threads} threads`;
    },
  ],
  [
    'in a service worker, which may not start workers, a model runs on one thread',
    async () => {
      const { page, complaints } = await openPage('/blank/', isolatedServer);
      const found = await page.evaluate(async (text) => {
        await navigator.serviceWorker.register('service_worker.mjs', { type: 'module' });
        const registration = await navigator.serviceWorker.ready;
        const { port1, port2 } = new MessageChannel();
        const answer = new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
        registration.active.postMessage(text, [port2]);
        const result = await answer;
        await registration.unregister();
        return result;
      }, praise);
      assert.deepEqual(found, { isolated: true, label: 'POSITIVE', threads: 1 });
      assert.deepEqual(await complaints(), []);
      await page.close();
    },
  ],
  [
    'errors come with their codes, and leave no worker behind',
    async () => {
      const { page, complaints } = await openPage('/blank/');
      const errors = await page.evaluate(async () => {
        const { pipeline, LatformerError } = await import('/dist/web.mjs');
        const failure = (promise) =>
          promise.then(
            () => 'no error',
            (error) => ({
              name: error.name,
              code: error.code,
              isOurs: error instanceof LatformerError,
              message: error.message,
            }),
          );
        const controller = new AbortController();
        const loading = failure(pipeline('sentiment-analysis', null, { signal: controller.signal }));
        controller.abort();
        const files = { 'config.json': new TextEncoder().encode('{') };
        return {
          missing: await failure(pipeline('sentiment-analysis', '/models/no-such-model')),
          page: await failure(pipeline('sentiment-analysis', '/web/demo/')),
          broken: await failure(pipeline('sentiment-analysis', { files })),
          moved: await failure(pipeline('sentiment-analysis', null, { wasmPaths: '/nowhere/' })),
          task: await failure(pipeline('translation')),
          aborted: await loading,
        };
      });
      assert.deepEqual([errors.missing.code, errors.missing.isOurs], ['bad_model', true]);
      assert.match(errors.missing.message, /config\.json.*no-such-model/);
      assert.equal(errors.page.code, 'bad_model');
      assert.equal(errors.broken.code, 'bad_model');
      assert.equal(errors.moved.code, 'read_failed');
      assert.equal(errors.task.code, 'unsupported_task');
      assert.equal(errors.aborted.name, 'AbortError');
      await eventually('the end of all workers', () => page.workers().length === 0);
      // Chromium itself reports each file that was not found; nothing else may be there.
      assert.deepEqual(
        (await complaints()).filter((complaint) => !/status of 404/.test(complaint)),
        [],
      );
      await page.close();
    },
  ],
  [
    'after a bad call the worker goes on; 64 calls at once are answered in order; a signal cancels one',
    async () => {
      const outcome = await inBlankPage(
        async ([good, bad]) => {
          const { pipeline } = await import('/dist/web.mjs');
          const classify = await pipeline('sentiment-analysis');
          const errors = await Promise.all(
            [
              classify(good, { speedup: NaN }),
              classify(good, { speedup: 1e9 }),
              classify(17),
              classify({ text: good, text_pair: bad }, { long_text: 'windows' }),
              classify(good, { signal: AbortSignal.abort() }),
            ].map((call) => call.catch(({ name, code }) => code ?? name)),
          );
          const order = [];
          const texts = Array.from({ length: 64 }, (_, index) => (index % 2 === 0 ? good : bad));
          const answers = await Promise.all(
            texts.map((text, index) => classify(text).then(([{ label }]) => (order.push(index), label))),
          );
          await classify.dispose();
          return { errors, answers, order };
        },
        [praise, blame],
      );
      assert.deepEqual(outcome.errors.slice(0, 4), ['RangeError', 'RangeError', 'TypeError', 'invalid_argument']);
      assert.ok(['AbortError', 20].includes(outcome.errors[4]), 'a DOMException has the number 20 as its code');
      const inOrder = Array.from({ length: 64 }, (_, index) => index);
      assert.deepEqual(outcome.order, inOrder);
      assert.deepEqual(
        outcome.answers,
        inOrder.map((index) => (index % 2 === 0 ? 'POSITIVE' : 'NEGATIVE')),
      );
    },
  ],
  [
    'a page that is closed while its model loads leaves nothing behind, and the next one takes up the download',
    async () => {
      const server = await serve({ dist, folders, isIsolated: false });
      const { page } = await openPage('/blank/', server);
      const begun = page.waitForEvent('console', (message) => message.text() === 'half');
      await page.evaluate(() => {
        const progress_callback = ({ status, file, progress }) => {
          if (status === 'progress' && file === 'model.safetensors' && progress > 40) console.log('half');
        };
        void import('/dist/web.mjs').then(({ pipeline }) =>
          pipeline('sentiment-analysis', null, { progress_callback }),
        );
      });
      await begun;
      await page.close();
      const { page: next, complaints } = await openPage('/blank/', server);
      const { label, kept } = await next.evaluate(async (text) => {
        const { env, pipeline } = await import('/dist/web.mjs');
        const classify = await pipeline('sentiment-analysis');
        const [{ label }] = await classify(text);
        await classify.dispose();
        return { label, kept: await env.cache.list() };
      }, praise);
      assert.equal(label, 'POSITIVE');
      assert.ok(kept.length === 3 && kept.every(({ complete }) => complete));
      assert.deepEqual(await complaints(), []);
      await next.close();
      await server.close();
    },
  ],
  [
    'a browser without SIMD, as on an old processor, is told so with a code',
    async () => {
      if (process.arch !== 'x64') return 'x64 only';
      const old = await launchChromium({ args: ['--js-flags=--no-enable-sse4-1'] });
      try {
        const page = await old.newPage();
        await page.goto(new URL('/blank/', server.url).href);
        const error = await page.evaluate(async () => {
          const { pipeline } = await import('/dist/web.mjs');
          return pipeline('sentiment-analysis').catch(({ code, message }) => `${code}: ${message}`);
        });
        assert.match(error, /^unsupported_runtime: WebAssembly has no SIMD here; Chromium 91,/);
      } finally {
        await old.close();
      }
      return undefined;
    },
  ],
  [
    'the server serves the page and dist, and nothing else',
    async () => {
      for (const path of [
        'package.json',
        'dist/../package.json',
        'dist/%2e%2e/package.json',
        'dist/..%2fpackage.json',
        '%',
      ]) {
        const { status } = await fetch(`${server.url}${path}`);
        assert.ok(status === 404 || status === 400, `${path}: ${status}`);
      }
      const wasm = await fetch(`${server.url}dist/latformer.wasm.gz`);
      assert.equal(wasm.headers.get('content-type'), 'application/gzip');
      assert.equal((await wasm.arrayBuffer()).byteLength, Number(wasm.headers.get('content-length')));
      assert.equal((await fetch(server.url, { method: 'POST' })).status, 405);
    },
  ],
];

const all = [...tests, ...downloadTests({ context, dist, openPage, eventually })];
const chosen = all.filter(([name]) => name.includes(options.only));
let failed = 0;
try {
  for (const [name, test] of chosen) {
    try {
      const facts = await test();
      console.log(`ok      ${name}${facts === undefined ? '' : ` (${facts})`}`);
    } catch (error) {
      ++failed;
      console.log(`FAILED  ${name}\n${error.stack}`);
    }
  }
} finally {
  await context.close();
  await server.close();
  await isolatedServer.close();
}
console.log(`${chosen.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
