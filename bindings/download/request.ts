// One file by HTTP: the request, its redirects, and what the answer says of the file.
import { LatformerError } from '../errors.js';
import { Refused } from '../model/folder.js';
import { isStartPage, reasonOf } from '../model/files.js';
import type { Store } from './store.js';

/** How the files of one pipeline are fetched. */
export interface Access {
  fetch: typeof fetch;
  /** Sent to the host that a file is asked from, and to none that it redirects to. */
  headers: Readonly<Record<string, string>>;
  /** Whether redirects can be followed here (Node); browsers follow them unseen. */
  seesRedirects: boolean;
  /** Nothing is asked; what is kept must do. */
  isOffline: boolean;
  /** Where copies are kept; undefined: nowhere. Throws where there is no such place. */
  store: (() => Store) | undefined;
  /** Forgets the copies that were made or used, because the model that they are of is damaged. */
  readonly discards: Set<() => Promise<void>>;
  /** Tells what did not go as it should, without being an error. */
  note(sentence: string): void;
  /** Why a request to this origin may have failed, where more can be told than the browser does. */
  explain(origin: string): Promise<string | undefined>;
}

/** The answer behind all redirects, to be read or cancelled. */
export interface Answer {
  response: Response;
  /** What the server calls this version of the file; null where it says nothing. */
  version: string | null;
  /** Of the whole file, in bytes, where it tells. */
  size: number | null;
  /** Where the hub says it: SHA-256 of the whole file, in Base64. */
  sha256: string | undefined;
}

const mostRedirects = 10;
const redirects = new Set([301, 302, 303, 307, 308]);

/** Of Node; browsers see to it themselves. */
const isReset = (error: unknown): boolean =>
  error instanceof TypeError &&
  /^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/.test(String((error.cause as { code?: unknown } | undefined)?.code));

/** Nothing came back: no network, no such host, or the page may not. */
export class Unreachable extends LatformerError {}

function base64OfHex(hex: string): string {
  return btoa(hex.replace(/../g, (byte) => String.fromCharCode(parseInt(byte, 16))));
}

/** Without what says that it is weak, and quotes. */
const plainTag = (tag: string | null): string | undefined => tag?.replace(/^W\//, '').replace(/^"(.*)"$/, '$1');

function answerOf(response: Response, linked: Headers | undefined): Answer {
  const { headers } = response;
  const told = linked ?? headers; // of the hub, about the file itself
  const tag = plainTag(told.get('x-linked-etag'));
  const range = /\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1];
  const isEncoded = headers.get('content-encoding') !== null; // then the length is not that of the content
  const sent = isEncoded ? null : (range ?? (response.status === 206 ? null : headers.get('content-length')));
  const length = told.get('x-linked-size') ?? sent;
  return {
    response,
    version: tag ?? plainTag(headers.get('etag')) ?? headers.get('last-modified'),
    size: length === null ? null : Number(length),
    sha256: tag !== undefined && /^[0-9a-f]{64}$/.test(tag) ? base64OfHex(tag) : undefined,
  };
}

/**
 * Asks for a file, or about it; `from`: the first byte that is wanted. Rejects with Unreachable where nothing answers.
 * Any status is an answer.
 */
export async function request(
  access: Access,
  url: URL,
  { method = 'GET', from = 0, signal }: { method?: 'GET' | 'HEAD'; from?: number; signal?: AbortSignal | undefined },
): Promise<Answer> {
  let at = url;
  let linked: Headers | undefined;
  const range: Record<string, string> = from > 0 ? { range: `bytes=${from}-` } : {};
  for (let hop = 0; hop <= mostRedirects; ++hop) {
    const headers = at.origin === url.origin ? { ...access.headers, ...range } : range;
    const redirect = access.seesRedirects ? 'manual' : 'follow';
    const ask = () => access.fetch(at.href, { method, headers, redirect, signal: signal ?? null });
    let response: Response;
    try {
      // A connection that was kept open may just have been closed.
      response = await ask().catch((error: unknown) => (isReset(error) ? ask() : Promise.reject(error)));
    } catch (cause) {
      if (signal?.aborted === true) throw signal.reason;
      const why = await access.explain(at.origin);
      const message = `cannot read ${url.href}: ${reasonOf(cause)}${why === undefined ? '' : ` (${why})`}`;
      throw new Unreachable('read_failed', message, { cause });
    }
    const location = response.headers.get('location');
    if (response.headers.has('x-linked-etag')) linked ??= response.headers;
    if (!redirects.has(response.status) || location === null) return answerOf(response, linked);
    await response.body?.cancel();
    at = new URL(location, at);
  }
  throw new LatformerError('read_failed', `${url.href} redirects more than ${mostRedirects} times`);
}

/** Whether the answer is the file; undefined where it says that there is none. Rejects with Refused for all other answers. */
export async function bodyOf(url: URL, { response }: Answer): Promise<Response | undefined> {
  if (response.ok && !isStartPage(response)) return response;
  await response.body?.cancel();
  const { status, headers } = response;
  const reason = headers.get('x-error-code') ?? undefined;
  const isMissing = (status === 404 && (reason ?? 'EntryNotFound') === 'EntryNotFound') || status === 410;
  if (isMissing || response.ok) return undefined;
  throw new Refused(`${url.href} answered ${status}`, status, reason);
}
