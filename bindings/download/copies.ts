// A store that never fails: where storage is forbidden, full or broken, it is from then on as if nothing were kept, and a
// note says so once.
import { messageOf } from '../errors.js';
import { hashOf } from './store.js';
import type { Index, Store } from './store.js';

export class Copies {
  #open: (() => Store) | undefined;
  #store: Store | undefined;
  readonly #note: (sentence: string) => void;

  /** `open` may fail, too; undefined: nothing is to be kept. */
  constructor(open: (() => Store) | undefined, note: (sentence: string) => void) {
    this.#open = open;
    this.#note = note;
  }

  get areKept(): boolean {
    return this.#open !== undefined;
  }

  read(url: string): Promise<Index | undefined> {
    return this.#try((store) => store.read(url), undefined);
  }

  async write(index: Index): Promise<void> {
    await this.#try((store) => store.write(index), undefined, index);
  }

  /** Undefined if it is gone or damaged. */
  async readPart(index: Index, part: number): Promise<Uint8Array | undefined> {
    return this.#try(async (store) => {
      const bytes = await store.readPart(index, part);
      const isSound = bytes && (await hashOf(bytes as Uint8Array<ArrayBuffer>)) === index.parts[part]?.hash;
      return isSound ? bytes : undefined;
    }, undefined);
  }

  /** Adds it to `index`, too. */
  async addPart(index: Index, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const add = async (store: Store): Promise<void> => {
      const hash = await hashOf(bytes);
      await store.addPart(index, bytes);
      index.parts.push({ size: bytes.length, hash });
      await store.write(index);
    };
    await this.#try(add, undefined, index);
  }

  async delete(url: string): Promise<void> {
    await this.#try((store) => store.delete(url), undefined);
  }

  lock(url: string, signal: AbortSignal | undefined): Promise<() => void> {
    return this.#try(
      (store) => store.lock(url, signal),
      () => undefined,
      undefined,
      signal,
    );
  }

  /** `index`: what is being written; half a file is of no use to others, and takes their room. */
  async #try<T>(work: (store: Store) => Promise<T>, otherwise: T, index?: Index, signal?: AbortSignal): Promise<T> {
    if (this.#open === undefined) return otherwise;
    try {
      this.#store ??= this.#open();
      return await work(this.#store);
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason;
      if (this.areKept) this.#note(`downloads are not kept: ${messageOf(error) || String(error)}`);
      this.#open = undefined;
      if (index !== undefined) await this.#store?.delete(index.url).catch(() => undefined);
      return otherwise;
    }
  }
}
