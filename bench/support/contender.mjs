// What runs beside a contender, in its process or page: loads it, gets work ready, times runs. One interface for all:
//
//   load(spec)            a contender, as specOf() of runtimes.mjs describes it
//   prepare(key, work)    everything that is not to be timed
//   run(key, atLeast)     runs it until `atLeast` milliseconds have passed; gives { times, result }
import { offer } from './offer.mjs';

class Host {
  #libraries;
  #contender;
  #work = new Map();

  constructor(libraries) {
    this.#libraries = libraries;
  }

  async load(spec) {
    this.#contender = await this.#libraries[spec.library](spec);
    return { maxSpeedup: this.#contender.maxSpeedup ?? 1 };
  }

  async prepare(key, work) {
    this.#work.set(key, this.#contender.prepare(work));
  }

  async run(key, atLeast) {
    const run = this.#work.get(key);
    const times = [];
    let result;
    const begin = performance.now();
    do {
      const start = performance.now();
      result = await run();
      times.push(performance.now() - start);
    } while (performance.now() - begin < atLeast);
    return { times, result };
  }

  /** Of this process, in a system's own bytes. */
  async peakMemory() {
    return process.resourceUsage().maxRSS * 1024;
  }
}

/** `libraries`: by name, spec -> { prepare(work) -> async run(), maxSpeedup? }. */
export const offerContenders = (libraries) => offer(new Host(libraries));

export function chunks(list, size) {
  const parts = [];
  for (let begin = 0; begin < list.length; begin += size) parts.push(list.slice(begin, begin + size));
  return parts;
}

/** transformers.js for what a spec describes: the library, and the options that its models are loaded with. */
export async function transformersFor({ onnx, dtype, threads, modules }) {
  const library = await import(modules.transformers);
  const { env } = library;
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.localModelPath = onnx.parent;
  if (modules.transformersWasm) {
    env.backends.onnx.wasm.numThreads = threads;
    env.backends.onnx.wasm.wasmPaths = modules.transformersWasm;
  }
  const options = { dtype, session_options: { intraOpNumThreads: threads, logSeverityLevel: 3 } };
  if (modules.transformersWasm) options.device = 'wasm';
  return { library, options };
}

/** A pipeline of it. */
export async function transformersPipeline(task, spec) {
  const { library, options } = await transformersFor(spec);
  return library.pipeline(task, spec.onnx.name, options);
}
