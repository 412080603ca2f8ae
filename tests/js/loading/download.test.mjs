// Downloads in Node: kept, checked, gone on with, shared by processes, and done without where nothing can be kept.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { env, pipeline } from 'latformer';
import { sendFile, startHub } from '../support/hub.mjs';
import { tinyModel } from '../support/tiny_model.mjs';

const text = 'a joy from start to finish';
const commit = 'a'.repeat(40);
const files = tinyModel();
const weights = 'model.safetensors';
const long = 'tokenizer_config.json'; // made long enough for several parts
const longFile = Buffer.from(
  JSON.stringify({
    ...JSON.parse(new TextDecoder().decode(files[long])),
    unknown: Array.from({ length: 700_000 }, (_, i) => `zz${i}`),
  }),
);

const load = (model, options) => pipeline('text-classification', model, options);
async function answer(model, options) {
  const classify = await load(model, options);
  const result = await classify(text, { top_k: null });
  await classify.dispose();
  return result;
}

let hub;
let expected;
const folders = [];
before(async () => {
  hub = await startHub(files);
  env.remoteHost = hub.url;
  expected = await answer({ files });
});
after(async () => {
  await hub.close();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  Object.assign(hub.settings, { files, breakAfter: {}, isRead: undefined, isDown: false });
  env.cacheDir = await mkdtemp(join(tmpdir(), 'latformer-downloads-'));
  folders.push(env.cacheDir);
  hub.asked.length = 0;
});

const fetched = () => hub.asked.filter((line) => line.startsWith('GET'));
const keptPath = (name, revision = 'main') =>
  join(env.cacheDir, new URL(hub.url).host.replace(':', '_'), 'user/model/resolve', revision, name);
/** Where a file is kept, whatever its folder is called. */
async function pathOf(name) {
  const entries = await readdir(env.cacheDir, { recursive: true });
  const found = entries.find((entry) => entry.endsWith(`/${name}`));
  assert.ok(found, `${keptPath(name)} is not kept`);
  return join(env.cacheDir, found);
}

test('what is kept is not fetched again, and serves as a folder', async () => {
  assert.deepEqual(await answer('user/model'), expected);
  assert.ok(fetched().includes(`GET ${weights}`));
  hub.asked.length = 0;
  assert.deepEqual(await answer('user/model'), expected);
  assert.deepEqual(fetched(), []);
  assert.ok(hub.asked.includes(`HEAD ${weights}`), 'asked whether it is the same');
  assert.deepEqual(await answer(join(await pathOf(weights), '..')), expected);
});

test('a commit is never asked for again, nor anything with local_files_only', async () => {
  await answer('user/model', { revision: commit });
  hub.asked.length = 0;
  assert.deepEqual(await answer('user/model', { revision: commit }), expected);
  assert.deepEqual(await answer('user/model', { revision: commit, local_files_only: true }), expected);
  assert.deepEqual(hub.asked, []);
  await assert.rejects(load('user/model', { local_files_only: true }), { code: 'bad_model', message: /config\.json/ });
  assert.deepEqual(hub.asked, []);
});

test('without a network, what is kept will do; absent files among it', async () => {
  await answer('user/model');
  hub.settings.isDown = true;
  assert.deepEqual(await answer('user/model'), expected);
  await env.cache.delete('user/model');
  await assert.rejects(load('user/model'), { code: 'read_failed', message: /so http.* was asked: cannot read/ });
});

test('another version is fetched', async () => {
  await answer('user/model');
  const other = tinyModel({ seed: 5 });
  hub.settings.files = other;
  hub.asked.length = 0;
  assert.deepEqual(await answer('user/model'), await answer({ files: other }));
  assert.deepEqual(fetched(), [`GET ${weights}`, `GET ${weights}`], 'the hub’s answer and the store’s');
  const { 'profile.json': profile, ...fewer } = other;
  hub.settings.files = fewer;
  assert.deepEqual(await answer('user/model'), await answer({ files: fewer }));
  hub.settings.files = { ...fewer, 'profile.json': profile };
  assert.deepEqual(await answer('user/model'), await answer({ files: other }), 'a file that was absent');
});

test('what the hub says a file hashes to is checked', async () => {
  hub.settings.linked = createHash('sha256').update('another').digest('hex');
  await assert.rejects(load('user/model'), { code: 'bad_model', message: /model\.safetensors .*its hash is sha256-/ });
  delete hub.settings.linked;
  assert.deepEqual(await answer('user/model'), expected);
});

test('a download that breaks off is gone on with at once, where it broke', async () => {
  hub.settings.breakAfter = { [weights]: 5000 };
  let progress_callback;
  hub.settings.isRead = new Promise((resolve) => {
    progress_callback = ({ status, file }) => status === 'progress' && file === weights && resolve();
  });
  assert.deepEqual(await answer('user/model', { progress_callback }), expected);
  assert.ok(hub.asked.includes(`GET ${weights} from 5000`), hub.asked.join());
});

describe('files of several parts', () => {
  let server;
  let base;
  let settings;
  const asked = [];
  before(async () => {
    server = createServer((request, response) => {
      const name = request.url.slice(1);
      const bytes = { ...files, [long]: longFile }[name];
      asked.push(`${request.method} ${name} ${request.headers.range ?? ''}`.trim());
      if (bytes === undefined) return response.writeHead(404).end();
      if (settings.rangeless) delete request.headers.range;
      const headers = settings.tagless ? {} : { etag: `"${createHash('md5').update(bytes).digest('hex')}"` };
      sendFile(request, response, Buffer.from(bytes), headers, settings.breakAfter[name]);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    base = `http://127.0.0.1:${server.address().port}`;
  });
  after(() => server.close());
  beforeEach(() => {
    settings = { breakAfter: {} };
    asked.length = 0;
  });
  const ofLong = () => asked.filter((line) => line.includes(`GET ${long}`));

  test('what a process that gave up has kept is gone on with by the next', async () => {
    const controller = new AbortController();
    const progress_callback = ({ status, file, loaded }) => {
      if (status === 'progress' && file === long && loaded > 5e6) controller.abort();
    };
    await assert.rejects(load(base, { progress_callback, signal: controller.signal }), { name: 'AbortError' });
    for (let i = 0; i < 100 && (await env.cache.list()).every(({ url }) => !url.endsWith(long)); ++i) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const begun = (await env.cache.list()).find(({ url }) => url.endsWith(long));
    assert.ok(begun.bytes >= 4 << 20 && !begun.complete);
    asked.length = 0;
    assert.deepEqual(await answer(base), expected);
    assert.equal(ofLong().length, 1);
    assert.match(ofLong()[0], /bytes=\d+-$/);
    assert.ok(Number(/(\d+)-$/.exec(ofLong()[0])[1]) >= 4 << 20);
    assert.deepEqual(await readFile(await pathOf(long)), longFile);
  });

  test('also from a server that begins anew whatever it is asked for', async () => {
    settings = { rangeless: true, breakAfter: { [long]: 5e6 } };
    setTimeout(() => (settings.breakAfter = {}), 200);
    assert.deepEqual(await answer(base), expected);
    assert.ok(ofLong().length > 1);
    assert.deepEqual(await readFile(await pathOf(long)), longFile);
  });

  test('a copy that is damaged or cut short is fetched from there on', async () => {
    await answer(base);
    const path = await pathOf(long);
    for (const damage of [
      async () => writeFile(path, Buffer.from(longFile).fill(255, 5e6, 5e6 + 9)),
      async () => writeFile(path, longFile.subarray(0, 4.5e6)),
      async () => rm(path),
      async () => writeFile(`${path}.latformer`, '{"url'),
    ]) {
      await damage();
      asked.length = 0;
      assert.deepEqual(await answer(base), expected, damage);
      assert.equal(ofLong().length, 1, damage);
      assert.deepEqual(await readFile(path), longFile, damage);
      asked.length = 0;
      await answer(base);
      assert.deepEqual(ofLong(), [], damage);
    }
  });

  test('a server that says nothing of versions: the length counts', async () => {
    settings.tagless = true;
    await answer(base);
    asked.length = 0;
    assert.deepEqual(await answer(base), expected);
    assert.deepEqual(ofLong(), []);
  });
});

test('a file that came cut short without a sign of it is not kept', async () => {
  let isCut = true;
  const server = createServer((request, response) => {
    const name = request.url.slice(1);
    if (!(name in files)) return response.writeHead(404).end();
    response.writeHead(200, { etag: '"the same"', connection: 'close' }); // and no length
    response.end(
      request.method === 'HEAD' ? undefined : files[name].subarray(0, isCut && name === weights ? 3000 : undefined),
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const base = `http://127.0.0.1:${server.address().port}`;
  try {
    await assert.rejects(load(base), { code: 'bad_model' });
    isCut = false;
    assert.deepEqual(await answer(base), expected);
  } finally {
    server.close();
  }
});

test('two processes at once fetch each file once', async () => {
  const program = `
    import { env, pipeline } from 'latformer';
    env.remoteHost = ${JSON.stringify(hub.url)};
    env.cacheDir = ${JSON.stringify(env.cacheDir)};
    const classify = await pipeline('text-classification', 'user/model');
    console.log(JSON.stringify(await classify(${JSON.stringify(text)}, { top_k: null })));
    await classify.dispose();`;
  const runs = [1, 2].map(async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (data) => (output += data));
    await once(child, 'close');
    return JSON.parse(output);
  });
  assert.deepEqual(await Promise.all(runs), [expected, expected]);
  for (const name of Object.keys(files)) {
    const times = fetched().filter((line) => line === `GET ${name}`).length;
    assert.equal(times, name === weights ? 2 : 1, `${name}: ${hub.asked.join()}`); // the hub's answer and the store's
  }
});

test('a lock of a process that is gone holds nobody up', async () => {
  await answer('user/model');
  const path = await pathOf('config.json');
  await rm(`${path}.latformer`);
  await writeFile(`${path}.lock`, `999999999 ${(await import('node:os')).hostname()}`);
  assert.deepEqual(await answer('user/model'), expected);
});

test('where nothing can be kept the model loads all the same, and info says so', async () => {
  const home = { ...process.env };
  env.cacheDir = null;
  const noted = async (options) => {
    const classify = await load('user/model', options);
    assert.deepEqual(await classify(text, { top_k: null }), expected);
    await classify.dispose();
    return classify.info.notes;
  };
  await writeFile(join(folders[0], 'a-file'), '');
  const [note, ...others] = await noted({ cache_dir: join(folders[0], 'a-file') });
  assert.match(note, /downloads are not kept: /);
  assert.deepEqual(others, []);
  if (process.getuid() !== 0) {
    await chmod(folders[1], 0o500);
    assert.match((await noted({ cache_dir: folders[1] }))[0], /downloads are not kept: .*EACCES/);
  }
  Object.assign(process.env, home);
});

test('env.cache lists, measures, deletes, and is switched off', async () => {
  await answer('user/model');
  await answer('user/model', { revision: commit });
  const list = await env.cache.list();
  assert.equal(list.length, 2 * Object.keys(files).length);
  const bytes = 2 * Object.values(files).reduce((sum, { length }) => sum + length, 0);
  const size = await env.cache.measure();
  assert.deepEqual([size.files, size.bytes], [list.length, bytes]);
  assert.ok(size.available > 0);
  assert.equal(await env.cache.delete(`${hub.url}user/model/resolve/main/config.json`), 1);
  assert.equal(await env.cache.delete(new URL('user/model/resolve/main/', hub.url)), Object.keys(files).length - 1);
  assert.equal(await env.cache.delete('user/mod'), 0);
  assert.equal(await env.cache.delete('user/model'), Object.keys(files).length);
  await answer('user/model');
  assert.equal(await env.cache.delete(), Object.keys(files).length);
  assert.deepEqual(await env.cache.list(), []);
  env.cache.enabled = false;
  await answer('user/model');
  assert.deepEqual(await env.cache.list(), []);
  env.useFSCache = true; // transformers.js' name
  assert.equal(env.cache.enabled, true);
});
