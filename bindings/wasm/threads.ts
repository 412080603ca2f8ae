// The engine's side of its threads: starts them before the model is opened (a worker begins only when the event loop of
// its parent turns) and ends them with it.
import { LatformerError, messageOf } from '../errors.js';
import type { Port } from '../worker/port.js';
import type { ThreadReply, ThreadRequest, ThreadStart } from './thread.js';

export type StartThread = () => Port;

/** The most that a binary can have: kLatformerMaxWasmThreads (wasm_threads.h) and the one that runs the model. */
export const threadLimit = 64;

/** One thread that is about to wait for work. */
function startThread(
  start: StartThread,
  request: ThreadRequest,
  onDeath: (reason: unknown) => void,
): { port: Port; ready: Promise<void> } {
  let isReady = false;
  const port = start();
  port.setBusy?.(true);
  const ready = new Promise<void>((resolve, reject) => {
    port.listen(
      (message) => {
        const reply = message as ThreadReply;
        if ('failure' in reply) reject(new Error(reply.failure));
        else {
          isReady = true;
          resolve();
        }
        port.setBusy?.(false);
      },
      (cause) => {
        if (isReady) onDeath(cause);
        else reject(cause instanceof Error ? cause : new Error(messageOf(cause)));
      },
    );
  });
  port.post(request);
  return { port, ready };
}

/**
 * Threads over `memory`, an instance of `module` for each of `starts`; gives what ends them. `onDeath`: one has ended by
 * itself, and whoever waits for it would wait for ever.
 */
export async function startThreads(
  start: StartThread,
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  starts: readonly ThreadStart[],
  onDeath: (reason: unknown) => void,
): Promise<() => void> {
  const ports: Port[] = [];
  let areEnded = false;
  const end = (): void => {
    areEnded = true;
    ports.forEach((port) => port.terminate?.());
  };
  const onFailure = (reason: unknown): void => {
    if (!areEnded) onDeath(reason);
  };
  try {
    const threads = starts.map((each) => {
      const thread = startThread(start, { ...each, module, memory }, onFailure);
      ports.push(thread.port);
      return thread.ready;
    });
    await Promise.all(threads);
    return end;
  } catch (cause) {
    end();
    throw new LatformerError('unsupported_runtime', `cannot start a thread (${messageOf(cause)})`, { cause });
  }
}
