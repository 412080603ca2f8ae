// Keeps what the page is made of, and answers from there. Change the version whenever one of the files changes.
// The package itself keeps its WebAssembly and the model.
const version = 'v1';
const dist = './node_modules/latformer/dist';
const files = ['./', './page.mjs', ...['web', 'web-platform', 'worker'].map((name) => `${dist}/${name}.mjs`)];

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(version).then((cache) => cache.addAll(files)));
});

self.addEventListener('activate', (event) => {
  const clean = async () => {
    const old = (await caches.keys()).filter((name) => /^v\d+$/.test(name) && name !== version);
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(clean());
});

self.addEventListener('fetch', (event) => {
  const answer = async () => (await caches.match(event.request)) ?? fetch(event.request);
  event.respondWith(answer());
});
