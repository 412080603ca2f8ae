// Copies of downloads in Cache Storage, which pages and workers of an origin have alike, in secure contexts. Each stands under
// addresses of this origin that nothing is ever fetched from: its index, and its parts.
import type { Index, Store } from '../../bindings/download/store.js';

const cacheName = 'latformer-downloads-1'; // counted on when what is in it changes its form

export function cacheStorage(): Store {
  if (typeof caches === 'undefined') throw new Error('this is no secure context (https), which Cache Storage is for');
  const folder = new URL(`/${cacheName}/`, self.location.origin).href;
  const indexOf = (url: string): string => folder + encodeURIComponent(url);
  const partOf = (url: string, part: number): string => `${indexOf(url)}/${part}`;
  const open = (): Promise<Cache> => caches.open(cacheName);
  const parsed = async (response: Response | undefined): Promise<Index | undefined> =>
    response && ((await response.json()) as Index);
  const read = async (url: string): Promise<Index | undefined> => parsed(await (await open()).match(indexOf(url)));

  return {
    read,
    async write(index) {
      await (await open()).put(indexOf(index.url), Response.json(index));
    },
    async readPart({ url }, part) {
      const response = await (await open()).match(partOf(url, part));
      return response && new Uint8Array(await response.arrayBuffer());
    },
    async addPart({ url, parts }, bytes) {
      await (await open()).put(partOf(url, parts.length), new Response(bytes));
    },
    async delete(url) {
      const cache = await open();
      await cache.delete(indexOf(url));
      for (let part = 0; await cache.delete(partOf(url, part));) ++part;
    },
    async list() {
      const cache = await open();
      const keys = (await cache.keys()).filter((request) => !request.url.slice(folder.length).includes('/'));
      const indices = await Promise.all(keys.map(async (key) => parsed(await cache.match(key))));
      return indices.filter((index) => index !== undefined);
    },
    async available() {
      const { quota, usage } = await navigator.storage.estimate();
      return quota === undefined ? undefined : quota - (usage ?? 0);
    },
    async lock(url, signal) {
      const locks = navigator.locks as LockManager | undefined;
      if (locks === undefined) return () => undefined;
      return new Promise((resolve, reject) => {
        const held = () => new Promise<void>((release) => resolve(release));
        locks.request(indexOf(url), { ...(signal && { signal }) }, held).catch(reject);
      });
    },
  };
}
