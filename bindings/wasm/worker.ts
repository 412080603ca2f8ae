// An engine in a worker: connectEngine() stands on the caller's side for the one that serveEngine() runs on the other.
import { LatformerError } from '../errors.js';
import type { Port } from '../worker/port.js';
import { connect, serve } from '../worker/remote.js';
import { LocalEngine } from './engine.js';
import type { OpenAddon, WasmEngine } from './engine.js';
import type { StartThread } from './threads.js';

type Method = Exclude<keyof WasmEngine, 'close' | 'lanes'>;
type Answer<Name extends Method> = ReturnType<WasmEngine[Name]>;

const methods: readonly Method[] = [
  ...(['start', 'open', 'append', 'finish', 'calibrate', 'restoreCalibration', 'nothing'] as const),
  ...(['encode', 'textsOf', 'generate', 'openTokenizer', 'tokenize'] as const),
];

export function serveEngine(startThread: StartThread, port: Port, openAddon?: OpenAddon): void {
  serve(new LocalEngine(startThread, openAddon), methods, port);
}

export function connectEngine(port: Port): WasmEngine {
  const { call, close } = connect(port);
  let last: Answer<'append'> = Promise.resolve();
  return {
    lanes: 1,
    start: (module, threads) => call('start', [module, threads]) as Answer<'start'>,
    open: (kind, files, dtype, origin) => call('open', [kind, files, dtype, origin]) as Answer<'open'>,
    // Fulfilled when the part before has been taken, or rejected where it was not: the next one is read meanwhile.
    append(bytes) {
      const isWhole = bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength;
      const part = isWhole ? bytes : new Uint8Array(bytes);
      const before = last;
      last = call('append', [part], undefined, [part.buffer as ArrayBuffer]) as Answer<'append'>;
      last.catch(() => undefined); // whoever comes next tells
      return before;
    },
    finish: () => last.then(() => call('finish', []) as Answer<'finish'>),
    calibrate: (outside) => call('calibrate', [outside]) as Answer<'calibrate'>,
    restoreCalibration: (json) => call('restoreCalibration', [json]) as Answer<'restoreCalibration'>,
    encode: (inputs, options, work) => call('encode', [inputs, options], work) as Answer<'encode'>,
    generate: (prompts, options, work) => call('generate', [prompts, options], work) as Answer<'generate'>,
    textsOf: (ids, skipSpecial) => call('textsOf', [ids, skipSpecial]) as Answer<'textsOf'>,
    openTokenizer: (files) => call('openTokenizer', [files]) as Answer<'openTokenizer'>,
    tokenize: (input, special) => call('tokenize', [input, special]) as Answer<'tokenize'>,
    nothing: () => call('nothing', []) as Answer<'nothing'>,
    close: () => close(new LatformerError('disposed', 'the engine was closed')),
  };
}
