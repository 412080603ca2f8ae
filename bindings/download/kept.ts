// A file by HTTP that is downloaded once: what is kept of it is used, the rest is fetched and kept.
//
//   kept whole   the server is asked whether it is still the same (HEAD); offline, what is kept will do
//   kept in part the same, then the rest by Range
//   unknown      fetched; who comes second waits, and finds it kept
//
// A copy consists of parts with a hash each. Where one is gone or damaged, the file is fetched from there on. A download that
// breaks off is taken up where it broke.
import { throwIfAborted } from '../abort.js';
import { LatformerError } from '../errors.js';
import { fileOfDataUrl, guardedFile } from '../model/files.js';
import type { ModelFile, OpenUrl } from '../model/folder.js';
import { Copies } from './copies.js';
import { Unreachable, bodyOf, request } from './request.js';
import type { Access, Answer } from './request.js';
import type { Index } from './store.js';

const partSize = 4 << 20; // bytes
const askingTakes = 8000; // milliseconds at most, before what is kept is used
const pauses = [300, 1000, 3000]; // milliseconds before a download that broke is taken up

/** Addresses that never stand for another content: a commit of the hub. */
const isPinned = (url: URL): boolean => /\/resolve\/[0-9a-f]{40}\//.test(url.pathname);

/** Whether what is kept, whole, is the version that the server has. */
const isSame = ({ version, size }: Answer, kept: Index): boolean =>
  version === kept.version && (version !== null || (size !== null && size === kept.size));

/** What comes behind the first `count` bytes, of a server that begins anew whatever it is asked for. */
function without(count: number, body: NonNullable<Response['body']>): typeof body {
  let left = count;
  return body.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(bytes, controller) {
        if (left < bytes.length) controller.enqueue(bytes.subarray(left));
        left = Math.max(0, left - bytes.length);
      },
    }),
  );
}

class Download {
  readonly #href: string;
  #response: Response | undefined; // not its body alone: Node cancels that of a response that was collected
  #release: (() => void) | undefined;

  constructor(
    readonly access: Access,
    readonly copies: Copies,
    readonly url: URL,
    readonly signal: AbortSignal | undefined,
    /** What this version is called, where the caller knows. */
    readonly version: string | undefined,
  ) {
    this.#href = url.href;
  }

  async open(): Promise<ModelFile | undefined> {
    try {
      const index = await this.#begin();
      if (index === undefined || index.isAbsent === true) return undefined;
      const discard = (): Promise<void> => this.copies.delete(this.#href);
      this.access.discards.add(discard);
      return {
        size: index.size ?? undefined,
        ...(index.sha256 !== undefined && { hash: `sha256-${index.sha256}` }),
        parts: this.#parts(index),
        close: () => this.#close(),
        discard,
      };
    } catch (error) {
      await this.#close();
      throw error;
    }
  }

  async #close(): Promise<void> {
    const body = this.#response?.body;
    this.#response = undefined;
    if (body?.locked === false) await body.cancel().catch(() => undefined); // it may have failed already
    this.#release?.();
    this.#release = undefined;
  }

  /** What is known of the file, after the server was asked where that must be. Undefined: it is not there. */
  async #begin(): Promise<Index | undefined> {
    let kept = await this.copies.read(this.#href);
    if (kept !== undefined && !(await this.#isStale(kept))) return kept;
    if (this.access.isOffline) return undefined;
    this.#release = await this.copies.lock(this.#href, this.signal);
    const stale = kept?.version;
    kept = await this.copies.read(this.#href);
    if (kept !== undefined && kept.version !== stale) {
      await this.#close(); // another one has fetched it meanwhile
      return kept;
    }
    const answer = await request(this.access, this.url, { signal: this.signal });
    const response = await bodyOf(this.url, answer);
    if (kept !== undefined) {
      // Some addresses are signed for GET alone, and what HEAD did not tell this does.
      if (response !== undefined && kept.isAbsent !== true && this.version === undefined && isSame(answer, kept)) {
        await response.body?.cancel();
        await this.#close();
        return kept;
      }
      await this.copies.delete(this.#href);
    }
    const version = this.version ?? answer.version;
    const index: Index = { url: this.#href, version, size: answer.size, parts: [], isComplete: false };
    if (answer.sha256 !== undefined) index.sha256 = answer.sha256;
    if (response === undefined) {
      await this.copies.write({ ...index, isComplete: true, isAbsent: true });
      await this.#close();
      return undefined;
    }
    this.#response = response;
    return index;
  }

  /** Whether another version may be there, so that the file must be fetched. */
  async #isStale(kept: Index): Promise<boolean> {
    if (this.version !== undefined) return kept.version !== this.version;
    if (!kept.isComplete && kept.version === null) return true;
    if (this.access.isOffline || isPinned(this.url)) return false;
    const timeout = AbortSignal.timeout(askingTakes);
    const signal = this.signal ? AbortSignal.any([this.signal, timeout]) : timeout;
    let answer: Answer;
    try {
      answer = await request(this.access, this.url, { method: 'HEAD', signal });
    } catch (error) {
      throwIfAborted([this.signal]);
      if (!kept.isComplete || !(timeout.aborted || error instanceof Unreachable)) throw error;
      return false; // offline
    }
    const { status } = answer.response;
    if (status >= 500) return !kept.isComplete;
    const isThere = await bodyOf(this.url, answer).catch(() => undefined);
    if (kept.isAbsent === true) return status !== 404 && status !== 410;
    return isThere === undefined || !isSame(answer, kept);
  }

  async *#parts(first: Index): AsyncGenerator<Uint8Array> {
    let index = first;
    let at = 0;
    try {
      if (this.#response === undefined) {
        for (let part = 0; ;) {
          for (; part < index.parts.length; ++part) {
            const bytes = await this.copies.readPart(index, part);
            if (bytes === undefined) break;
            at += bytes.length; // before it is given away
            yield bytes;
          }
          const isSound = part === index.parts.length;
          if (isSound && index.isComplete) return;
          if (this.access.isOffline) throw new LatformerError('read_failed', `${this.#href} is kept in part only`);
          this.#release = await this.copies.lock(this.#href, this.signal);
          const now = await this.copies.read(this.#href);
          if (now?.version === index.version && JSON.stringify(now) !== JSON.stringify(index)) {
            index = now; // another one went on meanwhile
            this.#release();
            continue;
          }
          index = { ...index, parts: index.parts.slice(0, part), isComplete: false };
          break;
        }
        this.#response = await this.#from(at, index);
      }
      yield* this.#download(index, at);
    } finally {
      await this.#close();
    }
  }

  /** The bytes from `at` on, of the same version. */
  async #from(at: number, index: Index): Promise<Response> {
    const answer = await request(this.access, this.url, { from: at, signal: this.signal });
    const { status, headers } = answer.response;
    const isSame = this.version !== undefined || answer.version === index.version;
    const isRest = headers.get('content-range')?.startsWith(`bytes ${at}-`) === true;
    const response = isSame && (isRest || status === 200) ? await bodyOf(this.url, answer) : undefined;
    if (response?.body) return isRest ? response : new Response(without(at, response.body));
    await answer.response.body?.cancel();
    await this.copies.delete(this.#href);
    const why = isSame ? 'the server does not give the rest of it' : 'it changed meanwhile';
    throw new LatformerError('read_failed', `${this.#href} broke off after ${at} bytes: ${why}; load again`);
  }

  /** What is still to come, kept as it comes. */
  async *#download(index: Index, begin: number): AsyncGenerator<Uint8Array> {
    let at = begin;
    let held = 0;
    const part = this.copies.areKept ? new Uint8Array(partSize) : undefined;
    const keep = async (): Promise<void> => {
      if (part !== undefined && held > 0) await this.copies.addPart(index, part.slice(0, held));
      held = 0;
    };
    const add = async (bytes: Uint8Array): Promise<void> => {
      for (let from = 0; part !== undefined && from < bytes.length;) {
        const some = bytes.subarray(from, from + partSize - held);
        part.set(some, held);
        held += some.length;
        from += some.length;
        if (held === partSize) await keep();
      }
    };
    let isDone = false;
    try {
      for (let breaks = 0; !isDone;) {
        const reader = this.#response?.body?.getReader();
        try {
          for (;;) {
            const next = await reader?.read();
            if (next?.value === undefined) break;
            await add(next.value);
            at += next.value.length; // before it is given away
            breaks = 0;
            yield next.value;
          }
          if (index.size !== null && at < index.size) throw new Error(`it ended after ${at} of ${index.size} bytes`);
          isDone = true;
        } catch (error) {
          throwIfAborted([this.signal]);
          const pause = pauses[breaks++];
          if (pause === undefined || index.version === null) throw error;
          await new Promise((resolve) => setTimeout(resolve, pause));
          this.#response = await this.#from(at, index).catch((further: unknown) => {
            throw further instanceof Unreachable ? error : further;
          });
        } finally {
          await reader?.cancel().catch(() => undefined);
          reader?.releaseLock();
        }
      }
      await keep();
      Object.assign(index, { isComplete: true, size: at });
      await this.copies.write(index);
    } finally {
      if (!isDone) await keep();
    }
  }
}

/** Opens files by URL; two openers of one pipeline share what they find out about the store. */
export function opener(access: Access): OpenUrl {
  const copies = new Copies(access.store, access.note);
  const none = new Copies(undefined, access.note);
  return (url, signal, version) => {
    if (url.protocol === 'data:') return guardedFile('a data: URL', signal, async () => fileOfDataUrl(url));
    const its = /^https?:$/.test(url.protocol) ? copies : none;
    return guardedFile(url.href, signal, () => new Download(access, its, url, signal, version).open());
  };
}
