// What was measured on this machine, kept in Cache Storage, which pages and workers have alike, in secure contexts. Each stands under an address of
// the page's origin that nothing is ever fetched from.
import type { Keeper } from '../../bindings/time/calibration.js';

const cacheName = 'latformer-calibrations';
const addressOf = (name: string): URL => new URL(`/${cacheName}/${name}`, self.location.origin);

export const keeper: Keeper = {
  async read(name) {
    try {
      const response = await (await caches.open(cacheName)).match(addressOf(name));
      return await response?.text();
    } catch {
      return undefined; // not a secure context, or the user forbids it
    }
  },
  async write(name, text) {
    try {
      await (await caches.open(cacheName)).put(addressOf(name), new Response(text));
    } catch {
      // as above, or the disk is full
    }
  },
};

export const device = (): string => `${navigator.userAgent}, ${navigator.hardwareConcurrency} threads`;
