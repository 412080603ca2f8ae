// The browser entry as far as Node can take it: importing it touches nothing, and it runs in the calling thread.
// (Workers, pages and CSP are tested in Chromium, tests/browser.)
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { pipeline } from 'latformer';
import { tinyModel } from '../support/tiny_model.mjs';

const dist = new URL('../../../dist/', import.meta.url);
const files = tinyModel();
const text = 'a joy from start to finish';

test('server-side rendering may import it', async () => {
  const web = await import(new URL('web.mjs', dist));
  assert.deepEqual(Object.keys(web).sort(), ['LatformerError', 'env', 'loadTokenizer', 'pipeline']);
  const wasmBinary = await readFile(new URL('latformer.wasm.gz', dist));
  const classify = await web.pipeline('sentiment-analysis', { files }, { wasmBinary, worker: false });
  const node = await pipeline('sentiment-analysis', { files }, { kernels: 'base' });
  assert.deepEqual(await classify(text), await node(text));
  classify.dispose();
  node.dispose();
});

test('latformer/core is the same without the bundled model', async () => {
  const core = await import('latformer/core');
  assert.deepEqual(Object.keys(core).sort(), Object.keys(await import('latformer')).sort());
  await assert.rejects(core.pipeline('sentiment-analysis'), { name: 'TypeError', message: /latformer\/core/ });
  const classify = await core.pipeline('sentiment-analysis', { files });
  assert.equal((await classify(text)).length, 1);
  await classify.dispose();
  for (const file of ['node-core.mjs', 'node-core.cjs', 'web-core.mjs']) {
    assert.doesNotMatch(await readFile(new URL(file, dist), 'utf8'), /@latformer\/sentiment/);
  }
});

test('no eval, nothing from elsewhere', async () => {
  const shipped = (await readdir(dist)).filter((file) => /^(web|worker|chat|missing).*js$/.test(file));
  assert.ok(shipped.length >= 6);
  for (const file of shipped) {
    const source = await readFile(new URL(file, dist), 'utf8');
    assert.doesNotMatch(source, /\beval\(|new Function\b|https?:\/\/(?!www\.w3\.org|huggingface\.co\/["'])/);
    assert.doesNotMatch(source, /node:/);
  }
  const source = await readFile(new URL('web-platform.mjs', dist), 'utf8');
  const assets = [...source.matchAll(/new URL\("([^"]+)", ?import\.meta\.url\)/g)].map(([, asset]) => asset);
  for (const asset of ['./latformer.wasm.gz', './latformer-relaxed.wasm.gz', './worker.mjs']) {
    assert.ok(assets.includes(asset), asset);
  }
  for (const asset of assets) await readFile(new URL(asset, dist));
  // Tools that bundle look for each of them.
  assert.doesNotMatch(await readFile(new URL('worker.mjs', dist), 'utf8'), /latformer\.wasm"?,\s*import\.meta/);
});
