// What a browser keeps of downloads: tests of run.mjs.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { packagesBelow, serve, strictPolicy } from '../../scripts/serve.mjs';
import { root } from '../../scripts/support/paths.mjs';
import { startHub } from '../js/support/hub.mjs';
import { inShards, tinyModel } from '../js/support/tiny_model.mjs';
import { checkedTotals } from '../js/support/totals.mjs';

const files = tinyModel();
const blank = { url: '/blank/', path: join(root, 'tests/browser/blank') };

/** Classifies in a page with what it is given; gives what came of it. */
async function classify({ text, model, host }) {
  const { env, pipeline } = await import('/dist/web.mjs');
  if (host !== undefined) env.remoteHost = host;
  const told = [];
  const progress_callback = (info) => {
    told.push(structuredClone(info));
    if (info.status === 'progress' && info.file === 'model.safetensors') self.readsWeights?.();
  };
  try {
    const classifier = await pipeline('text-classification', model ?? null, { progress_callback });
    const [{ label }] = await classifier(text);
    const { info } = classifier;
    await classifier.dispose();
    return { label, notes: info.notes, source: info.source, told, kept: await env.cache.list() };
  } catch (error) {
    return { error: `${error.code}: ${error.message}` };
  }
}

const text = 'A joy from start to finish.';

/** `openPage` of run.mjs, on a server of its own. */
export const downloadTests = ({ context, dist, openPage, eventually }) => {
  /** Calls `use` with a server that nothing is kept of. */
  const served = async (use, more = {}) => {
    const server = await serve({ dist, folders: [blank], isIsolated: false, ...more });
    try {
      return await use(server);
    } finally {
      await server.close();
    }
  };

  /** What a new page asks the server for while it classifies. */
  const visit = async (server, argument, prepare = async () => undefined) => {
    const { page, complaints } = await openPage('/blank/', server);
    const asked = [];
    page.on('request', (request) => asked.push(request.url()));
    await prepare(page);
    const outcome = await page.evaluate(classify, argument);
    const complained = await complaints();
    await page.close();
    return { ...outcome, complained, asked: asked.filter((url) => /\.(gz|safetensors|txt)$/.test(url)) };
  };

  /** The same with a hub beside it. */
  const withHub =
    (use, isAllowed = true) =>
    async () => {
      const hub = await startHub(files);
      const policy = isAllowed
        ? strictPolicy.replace("connect-src 'self'", `connect-src 'self' ${hub.url} ${hub.storeUrl}`)
        : strictPolicy;
      try {
        return await served((server) => use(server, hub, { text, model: 'user/model', host: hub.url }), { policy });
      } finally {
        await hub.close();
      }
    };

  return [
    [
      'offline: a page whose scripts a service worker keeps classifies without its server, WebAssembly and model included',
      async () => {
        const folders = [
          ...packagesBelow('/offline/node_modules/', dist),
          { url: '/offline/', path: join(root, 'examples/offline') },
        ];
        const { page, label } = await served(
          async (server) => {
            const { page } = await openPage('/offline/', server);
            await eventually('the first answer', () => page.evaluate(() => !document.getElementById('offline').hidden));
            return { page };
          },
          { folders },
        );
        await page.reload();
        await eventually('an answer without the server', () =>
          page.evaluate(
            () => !document.getElementById('offline').hidden && document.getElementById('answer').textContent,
          ),
        ).then((answer) => assert.equal(answer, 'POSITIVE'));
        await page.close();
        return label;
      },
    ],
    [
      'the second visit fetches neither model nor WebAssembly; env.cache lists and deletes; damage is mended',
      () =>
        served(async (server) => {
          const first = await visit(server, { text });
          assert.deepEqual([first.label, first.notes, first.complained], ['POSITIVE', [], []]);
          assert.equal(first.asked.length, 3, first.asked.join());
          assert.ok(first.kept.every(({ complete }) => complete));
          const second = await visit(server, { text });
          assert.deepEqual([second.label, second.asked], ['POSITIVE', []]);
          for (const { told } of [first, second]) {
            const [{ total, files }] = checkedTotals(told); // with the three files that are a part of the script
            const kept = first.kept.reduce((sum, { bytes }) => sum + bytes, 0);
            assert.equal(
              total - kept,
              ['config.json', 'tokenizer_config.json', 'profile.json'].reduce(
                (sum, file) => sum + files[file].total,
                0,
              ),
            );
          }

          const damage = async (page) =>
            page.evaluate(async () => {
              const cache = await caches.open((await caches.keys()).find((name) => name.includes('downloads')));
              const parts = (await cache.keys()).filter(({ url }) => /safetensors\/\d+$/.test(url));
              await cache.put(parts[1], new Response(new Uint8Array(4 << 20)));
              await cache.delete(parts[3]);
            });
          const third = await visit(server, { text }, damage);
          assert.deepEqual([third.label, third.asked.length], ['POSITIVE', 1]);
          assert.deepEqual((await visit(server, { text })).asked, []);

          const { page } = await openPage('/blank/', server);
          const [deleted, left] = await page.evaluate(async () => {
            const { env } = await import('/dist/web.mjs');
            const { bytes, available } = await env.cache.measure();
            if (!(bytes > 1e7 && available > 0)) return [bytes, available];
            return [await env.cache.delete(), (await env.cache.list()).length];
          });
          assert.deepEqual([deleted, left], [3, 0]);
          await page.close();
        }),
    ],
    [
      'a quota that is too small, and storage that is forbidden: the model loads, info says why nothing is kept',
      () =>
        served(async (server) => {
          const { page } = await openPage('/blank/', server);
          const session = await context.newCDPSession(page);
          const origin = new URL(server.url).origin;
          await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 5e6 });
          const full = await page.evaluate(classify, { text });
          assert.equal(full.label, 'POSITIVE', full.error);
          assert.match(full.notes.join(), /downloads are not kept: .*quota/i);
          assert.ok(
            full.kept.every(({ url }) => !url.endsWith('.safetensors')),
            'half a model helps nobody',
          );
          await session.send('Storage.overrideQuotaForOrigin', { origin });
          await page.close();
          const forbid = (page) =>
            page.evaluate(() => {
              const denied = () => Promise.reject(new DOMException('denied', 'SecurityError'));
              Object.defineProperty(self, 'caches', { value: { open: denied, keys: denied } });
            });
          const forbidden = await visit(server, { text }, forbid);
          assert.equal(forbidden.label, 'POSITIVE', forbidden.error);
          assert.deepEqual(forbidden.notes, ['downloads are not kept: denied']);
        }),
    ],
    [
      'a model by name, in two tabs at once: each file is fetched once, and then no more, also with the hub gone',
      withHub(async (server, hub, argument) => {
        const tabs = await Promise.all([visit(server, argument), visit(server, argument)]);
        for (const { error, source, notes } of tabs) {
          assert.equal(error, undefined);
          assert.deepEqual([source, notes], [`${hub.url}user/model/resolve/main/`, []]);
        }
        for (const name of Object.keys(files)) {
          const times = hub.asked.filter((line) => line === `GET ${name}`).length;
          assert.equal(times, name.endsWith('.safetensors') ? 2 : 1, `${name}: ${hub.asked}`); // the hub's answer and the store's
        }
        for (const { told } of tabs) checkedTotals(told);
        hub.asked.length = 0;
        assert.equal((await visit(server, argument)).error, undefined);
        assert.deepEqual(
          hub.asked.filter((line) => line.startsWith('GET')),
          [],
        );
        hub.settings.isDown = true;
        const offline = await visit(server, argument);
        assert.equal(offline.error, undefined);
      }),
    ],
    [
      'a download that breaks is gone on with; what the hub refuses is told',
      withHub(async (server, hub, argument) => {
        hub.settings.breakAfter['model.safetensors'] = 5000;
        let prepare;
        hub.settings.isRead = new Promise((resolve) => {
          prepare = (page) => page.exposeFunction('readsWeights', resolve);
        });
        assert.equal((await visit(server, argument, prepare)).error, undefined);
        assert.ok(hub.asked.includes('GET model.safetensors from 5000'), hub.asked.join());
        const { error } = await visit(server, { ...argument, model: 'nobody/none' });
        assert.match(error, /read_failed: there is no model nobody\/none on http.* that everybody may read/);
      }),
    ],
    [
      'weights in more files than a browser has connections',
      withHub(async (server, hub, argument) => {
        hub.settings.files = { ...files, ...inShards(files, 8, 2 << 20) };
        assert.equal((await visit(server, argument)).error, undefined);
        hub.asked.length = 0;
        assert.equal((await visit(server, argument)).error, undefined);
        assert.deepEqual(
          hub.asked.filter((line) => line.startsWith('GET')),
          [],
        );
      }),
    ],
    [
      'a policy that forbids the hub is named, with the cure',
      withHub(async (server, hub, argument) => {
        const { error } = await visit(server, argument);
        assert.match(error, /read_failed: .*policy does not allow http.*connect-src.*serve the model/);
        assert.deepEqual(hub.asked, []);
      }, false),
    ],
  ];
};
