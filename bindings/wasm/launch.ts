// Starts engines of WebAssembly: which binary, how many threads, and whether in a worker.
import { unpacked } from '../download/gzip.js';
import type { Gunzip } from '../download/gzip.js';
import type { ReadPackageFile } from '../download/whole.js';
import { LatformerError, messageOf } from '../errors.js';
import type { Launch, LaunchOptions } from '../platform.js';
import type { Port } from '../worker/port.js';
import { binaryFor, hasSimd, threadsByDefault } from './binaries.js';
import type { BinaryName } from './binaries.js';
import { compileFor } from './compile.js';
import { LocalEngine } from './engine.js';
import type { OpenAddon, WasmEngine } from './engine.js';
import { threadLimit } from './threads.js';
import { connectEngine } from './worker.js';

/** What WebAssembly needs of a browser or Node. */
export interface WasmPlatform {
  /** One of the package's binaries, compiled for that memory, from its usual place or from the folder `wasmPaths`. */
  compile(
    binary: BinaryName,
    isShared: boolean,
    wasmPaths: string | URL | undefined,
    read: ReadPackageFile,
  ): Promise<WebAssembly.Module>;
  gunzip: Gunzip;
  /** A worker that serves an engine (see worker.ts). */
  startWorker(wasmPaths: string | URL | undefined): Port;
  /** A worker that serves as a thread of an engine here (see thread.ts). */
  startThread(wasmPaths: string | URL | undefined): Port;
  /** As many threads as there are processors; 1 where there is no shared memory or waiting is forbidden. */
  mostThreads(isInWorker: boolean): number;
  /** Where the native addon is, if there is one, and the packages that would have it. */
  findAddon?(): string | undefined;
  addonPackages?: readonly string[];
  openAddon?: OpenAddon;
  /** Whether to use a worker when the caller does not say. */
  workerByDefault(): boolean;
}

function createEngine(platform: WasmPlatform, { wasmPaths }: LaunchOptions, inWorker: boolean): WasmEngine {
  if (!inWorker) return new LocalEngine(() => platform.startThread(wasmPaths), platform.openAddon);
  try {
    return connectEngine(platform.startWorker(wasmPaths));
  } catch (cause) {
    const message = `cannot start a worker (${messageOf(cause)}); { worker: false } runs without one`;
    throw new LatformerError('unsupported_runtime', message, { cause });
  }
}

async function compile(
  platform: WasmPlatform,
  { wasmBinary, wasmPaths, read }: LaunchOptions,
  binary: BinaryName,
  isShared: boolean,
): Promise<WebAssembly.Module> {
  try {
    if (wasmBinary) {
      const own = new Uint8Array(wasmBinary); // because a shared or resizable buffer cannot be compiled
      return await compileFor(await unpacked(own, 'wasmBinary', platform.gunzip), isShared);
    }
    return await platform.compile(binary, isShared, wasmPaths, read);
  } catch (cause) {
    if (cause instanceof LatformerError) throw cause;
    const code = cause instanceof WebAssembly.CompileError ? 'unsupported_runtime' : 'read_failed';
    throw new LatformerError(code, `cannot compile ${binary}: ${messageOf(cause)}`, { cause });
  }
}

/** The addon that is to run, if any. 'auto' leaves WebAssembly what was asked for of its own. */
function addonFor(platform: WasmPlatform, options: LaunchOptions): string | undefined {
  const { device, kernels, wasmBinary, wasmPaths } = options;
  if (device === 'wasm') return undefined;
  if (device === 'auto' && (kernels ?? wasmBinary ?? wasmPaths) !== undefined) return undefined;
  const path = platform.findAddon?.();
  if (path === undefined && device === 'native') {
    const { addonPackages = [] } = platform;
    const why = addonPackages.length > 0 ? `: ${addonPackages.join(' or ')} is not installed` : '';
    throw new LatformerError('unsupported_runtime', `there is no native addon here${why}; WebAssembly runs everywhere`);
  }
  return path;
}

export function launchWasm(platform: WasmPlatform, options: LaunchOptions): Launch {
  const inWorker = options.worker ?? platform.workerByDefault();
  const engine = createEngine(platform, options, inWorker);

  /** How many threads it will be; a binary that was given has one. */
  const threadsFor = async (config: Promise<Uint8Array>): Promise<number> => {
    const most = options.wasmBinary ? 1 : platform.mostThreads(inWorker);
    if (most === 1) return 1;
    return Math.min(most, threadLimit, options.threads ?? threadsByDefault(await config, most));
  };

  return {
    engine,
    inWorker,
    async start(config) {
      const addon = addonFor(platform, options);
      const notes: string[] = [];
      if (addon !== undefined) {
        try {
          await engine.start(addon, await threadsFor(config));
          return { binary: 'latformer.node', workers: inWorker ? 1 : 0, notes };
        } catch (cause) {
          if (options.device === 'native') throw cause;
          notes.push(`runs as WebAssembly: ${messageOf(cause)}`);
        }
      }
      if (typeof WebAssembly !== 'object') {
        throw new LatformerError('unsupported_runtime', 'there is no WebAssembly here');
      }
      if (!hasSimd()) {
        const since =
          'Chromium 91, Firefox 89, Safari 16.4 and Node 16 have it, where the processor has SSE4.1 or NEON';
        throw new LatformerError('unsupported_runtime', `WebAssembly has no SIMD here; ${since}`);
      }
      const threads = await threadsFor(config);
      const binary = binaryFor(options.kernels);
      notes.push(...(await engine.start(await compile(platform, options, binary, threads > 1), threads)));
      if (options.workers !== undefined) notes.push('{ workers } is for Node; here there is one');
      return { binary: options.wasmBinary ? 'wasmBinary' : binary, workers: inWorker ? 1 : 0, notes };
    },
  };
}
