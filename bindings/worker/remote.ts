// Methods on the other side of a port: connect() is the caller's half, serve() the worker's.
//
//   -> { id, method, args }      <- { id, piece }..., and in the end { id, value } or { id, error }
//   -> { cancel: id }            the method's signal is aborted; it answers all the same
import type { Work } from '../engine.js';
import { LatformerError, fromPortable, messageOf, toPortable } from '../errors.js';
import type { PortableError } from '../errors.js';
import type { Port } from './port.js';

type Request = { id: number; method: string; args: unknown[] } | { cancel: number };
type Reply = { id: number; piece: unknown } | { id: number; value: unknown } | { id: number; error: PortableError };

const has = <T extends object, Name extends string>(
  message: T,
  name: Name,
): message is Extract<T, Record<Name, unknown>> => Object.hasOwn(message, name);

/** Answers for `target`, whose methods of these names get a Work after their other arguments. */
export function serve<T extends object>(target: T, names: readonly (keyof T & string)[], port: Port): void {
  const running = new Map<number, AbortController>();
  port.listen((message) => {
    const request = message as Request;
    if (has(request, 'cancel')) {
      running.get(request.cancel)?.abort();
      return;
    }
    const { id, method, args } = request;
    const name = names.find((each) => each === method);
    if (name === undefined) return;
    const controller = new AbortController();
    running.set(id, controller);
    const work: Work<unknown> = {
      signal: controller.signal,
      onPiece: (piece) => port.post({ id, piece } satisfies Reply),
    };
    const call = target[name] as (...args: unknown[]) => Promise<unknown>;
    call
      .call(target, ...args, work)
      .then(
        (value) => port.post({ id, value } satisfies Reply),
        (error: unknown) => port.post({ id, error: toPortable(error) } satisfies Reply),
      )
      .finally(() => running.delete(id));
  });
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
  onPiece: ((piece: unknown) => void) | undefined;
}

export interface Connection {
  call(method: string, args: unknown[], work?: Work<never>, transfer?: ArrayBuffer[]): Promise<unknown>;
  /** Ends the other side; calls that wait, and later ones, reject with `why`. */
  close(why: LatformerError): void;
}

export function connect(port: Port): Connection {
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  let hasAnswered = false;
  let whyNot: LatformerError | undefined;

  const receive = (reply: Reply): void => {
    hasAnswered = true;
    const call = waiting.get(reply.id);
    if (call === undefined) return;
    if (has(reply, 'piece')) {
      call.onPiece?.(reply.piece);
      return;
    }
    waiting.delete(reply.id);
    if (waiting.size === 0) port.setBusy?.(false);
    if (has(reply, 'error')) call.reject(fromPortable(reply.error));
    else call.resolve(reply.value);
  };

  const close = (why: LatformerError): void => {
    whyNot ??= why;
    port.terminate?.();
    for (const call of waiting.values()) call.reject(whyNot);
    waiting.clear();
  };

  port.listen(
    (message) => receive(message as Reply),
    (cause) => {
      const [code, what] = hasAnswered
        ? (['internal', 'stopped'] as const)
        : (['unsupported_runtime', 'did not start'] as const);
      close(new LatformerError(code, `the worker ${what} (${messageOf(cause)})`, { cause }));
    },
  );

  const ask = (id: number, method: string, args: unknown[], work?: Work<never>, transfer?: ArrayBuffer[]) =>
    new Promise((resolve, reject) => {
      if (whyNot !== undefined) throw whyNot;
      port.post({ id, method, args } satisfies Request, transfer);
      waiting.set(id, { resolve, reject, onPiece: work?.onPiece as Waiting['onPiece'] });
      port.setBusy?.(true);
    });

  return {
    async call(method, args, work, transfer) {
      const id = ++lastId;
      const cancel = (): void => {
        if (waiting.has(id)) port.post({ cancel: id } satisfies Request);
      };
      const answer = ask(id, method, args, work, transfer);
      if (work?.signal?.aborted === true) cancel();
      work?.signal?.addEventListener('abort', cancel);
      try {
        return await answer;
      } finally {
        work?.signal?.removeEventListener('abort', cancel);
      }
    },
    close,
  };
}
