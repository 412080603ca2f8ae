// An Engine on the other side of a message port: connect() is the caller's half, serve() the worker's. Browser and Node
// workers differ only in how a Port is made.
//
//   -> { id, method, args }      <- { id, value } or { id, error }
import { LatformerError, fromPortable, messageOf, toPortable } from './errors.js';
import type { PortableError } from './errors.js';
import type { Engine } from './engine.js';

export interface Port {
  post(message: unknown, transfer?: ArrayBuffer[]): void;
  /** `onFailure`: the other side is gone or cannot be understood. */
  listen(onMessage: (message: unknown) => void, onFailure?: (reason: unknown) => void): void;
  /** Whether answers are awaited; an idle worker must not keep a process alive. */
  setBusy?(isBusy: boolean): void;
  terminate?(): void;
}

type Method = Exclude<keyof Engine, 'close'>;
const methods: readonly Method[] = ['start', 'open', 'append', 'finish', 'run', 'calibrate', 'restoreCalibration'];

interface Request {
  id: number;
  method: Method;
  args: unknown[];
}

type Reply = { id: number; value: unknown } | { id: number; error: PortableError };

const isFailed = (reply: Reply): reply is { id: number; error: PortableError } => Object.hasOwn(reply, 'error');

export function serve(engine: Engine, port: Port): void {
  port.listen((message) => {
    const { id, method, args } = message as Request;
    if (!methods.includes(method)) return;
    const call = engine[method] as (...args: unknown[]) => Promise<unknown>;
    call.apply(engine, args).then(
      (value) => port.post({ id, value } satisfies Reply),
      (error: unknown) => port.post({ id, error: toPortable(error) } satisfies Reply),
    );
  });
}

export function connect(port: Port): Engine {
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let lastId = 0;
  let hasAnswered = false;
  let whyNot: LatformerError | undefined;

  const settle = (reply: Reply): void => {
    hasAnswered = true;
    const call = waiting.get(reply.id);
    if (call === undefined) return;
    waiting.delete(reply.id);
    if (waiting.size === 0) port.setBusy?.(false);
    if (isFailed(reply)) call.reject(fromPortable(reply.error));
    else call.resolve(reply.value);
  };

  const stop = (why: LatformerError): void => {
    whyNot ??= why;
    port.terminate?.();
    for (const call of waiting.values()) call.reject(whyNot);
    waiting.clear();
  };

  port.listen(
    (message) => settle(message as Reply),
    (cause) => {
      const [code, what] = hasAnswered
        ? (['internal', 'stopped'] as const)
        : (['unsupported_runtime', 'did not start'] as const);
      stop(new LatformerError(code, `the worker ${what} (${messageOf(cause)})`, { cause }));
    },
  );

  const ask = (method: Method, args: unknown[], transfer?: ArrayBuffer[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (whyNot !== undefined) throw whyNot;
      const id = ++lastId;
      port.post({ id, method, args } satisfies Request, transfer);
      waiting.set(id, { resolve, reject });
      port.setBusy?.(true);
    });

  return {
    start: (module, threads) => ask('start', [module, threads]) as ReturnType<Engine['start']>,
    open: (files, dtype) => ask('open', [files, dtype]) as ReturnType<Engine['open']>,
    append(bytes) {
      const isWhole = bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength;
      const part = isWhole ? bytes : new Uint8Array(bytes);
      return ask('append', [part], [part.buffer as ArrayBuffer]) as ReturnType<Engine['append']>;
    },
    finish: () => ask('finish', []) as ReturnType<Engine['finish']>,
    run: (inputs, options) => ask('run', [inputs, options]) as ReturnType<Engine['run']>,
    calibrate: (outside) => ask('calibrate', [outside]) as ReturnType<Engine['calibrate']>,
    restoreCalibration: (json) => ask('restoreCalibration', [json]) as ReturnType<Engine['restoreCalibration']>,
    close: () => stop(new LatformerError('disposed', 'the engine was closed')),
  };
}
