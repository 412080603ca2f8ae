// What a worker runs to be one of an engine's threads: a further instance of the module over the same memory, which waits
// in there for work until the worker is ended. See third_party/pthreadpool/wasm_threads.h.
import { messageOf } from '../errors.js';
import type { Port } from '../worker/port.js';

/** What a thread begins with. Functions are indices into the module's table. */
export interface ThreadStart {
  /** Counted from 0. */
  index: number;
  /** The address that its stack goes down from. */
  stack: number;
  setStack: number;
  run: number;
  fail: number;
}

export interface ThreadRequest extends ThreadStart {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
}

/** That the thread is about to wait for work, or why it cannot. */
export type ThreadReply = { ready: true } | { failure: string };

/** The imports of `module`: a thread has the memory, and no use for JavaScript. */
function importsOf(module: WebAssembly.Module, memory: WebAssembly.Memory): WebAssembly.Imports {
  const refuse = (): never => {
    throw new Error('a thread called JavaScript');
  };
  const imports: WebAssembly.Imports = {};
  for (const { module: space, name, kind } of WebAssembly.Module.imports(module)) {
    (imports[space] ??= {})[name] = kind === 'memory' ? memory : refuse;
  }
  return imports;
}

export function serveThread(port: Port): void {
  port.listen((message) => {
    const { module, memory, index, stack, ...functions } = message as ThreadRequest;
    let call: (at: number, argument?: number) => void;
    try {
      const { exports } = new WebAssembly.Instance(module, importsOf(module, memory));
      const table = Object.values(exports).find((each) => each instanceof WebAssembly.Table);
      call = (at, argument) => (table?.get(at) as (argument?: number) => void)(argument);
      call(functions.setStack, stack);
    } catch (error) {
      port.post({ failure: messageOf(error) } satisfies ThreadReply);
      return;
    }
    port.post({ ready: true } satisfies ThreadReply);
    try {
      call(functions.run, index);
    } catch {
      call(functions.fail); // the engine waits for this thread, and now traps instead
    }
  });
}
