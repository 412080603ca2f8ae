// pipeline(): checks what it is asked for, picks thread and model, loads, and hands out the task's callable.
import { checkModel, checkPipelineOptions, checkTask } from './arguments.js';
import type { CheckedPipelineOptions } from './arguments.js';
import { orAborted, throwIfAborted } from './abort.js';
import { binaryFor, threadsByDefault } from './binaries.js';
import type { BinaryName } from './binaries.js';
import { Calibrator } from './calibration.js';
import { textClassificationPipeline } from './classification.js';
import { LocalEngine } from './engine.js';
import type { Engine } from './engine.js';
import { LatformerError, messageOf } from './errors.js';
import { folderOfFiles } from './files.js';
import { readModel } from './load.js';
import type { ModelFolder, Platform } from './platform.js';
import { connect } from './remote.js';
import { threadLimit } from './threads.js';
import type { ModelInfo, ModelSource, PipelineFactory } from './types.js';

function folderOf(
  platform: Platform,
  model: ModelSource | null | undefined,
  options: CheckedPipelineOptions,
): ModelFolder {
  if (model === undefined || model === null) return platform.bundledModel(options.wasmPaths);
  const checked = checkModel(model);
  return 'folder' in checked
    ? platform.folder(checked.folder)
    : folderOfFiles('the given files', checked.files, platform.openUrl);
}

const runsInWorker = (platform: Platform, options: CheckedPipelineOptions): boolean =>
  options.worker ?? platform.workerByDefault();

/** How many threads it will be; a binary that was given has one. */
async function threadsFor(
  platform: Platform,
  options: CheckedPipelineOptions,
  config: Promise<Uint8Array>,
): Promise<number> {
  const most = options.wasmBinary ? 1 : platform.mostThreads(runsInWorker(platform, options));
  if (most === 1) return 1;
  return Math.min(most, threadLimit, options.threads ?? threadsByDefault(await config, most));
}

async function compile(
  platform: Platform,
  { wasmBinary, wasmPaths }: CheckedPipelineOptions,
  binary: BinaryName,
): Promise<WebAssembly.Module> {
  try {
    // A copy, because a shared or resizable buffer cannot be compiled.
    if (wasmBinary) return await WebAssembly.compile(new Uint8Array(wasmBinary));
    return await platform.compile(binary, wasmPaths);
  } catch (cause) {
    if (cause instanceof LatformerError) throw cause;
    const code = cause instanceof WebAssembly.CompileError ? 'unsupported_runtime' : 'read_failed';
    throw new LatformerError(code, `cannot compile ${binary}: ${messageOf(cause)}`, { cause });
  }
}

function startEngine(platform: Platform, options: CheckedPipelineOptions): Engine {
  if (!runsInWorker(platform, options)) return new LocalEngine(() => platform.startThread(options.wasmPaths));
  try {
    return connect(platform.startWorker(options.wasmPaths));
  } catch (cause) {
    const message = `cannot start a worker (${messageOf(cause)}); { worker: false } runs without one`;
    throw new LatformerError('unsupported_runtime', message, { cause });
  }
}

export function createPipelineFactory(platform: Platform): PipelineFactory {
  return async function pipeline(givenTask, model, givenOptions) {
    const task = checkTask(givenTask);
    const options = checkPipelineOptions(givenOptions);
    const folder = folderOf(platform, model, options);
    throwIfAborted([options.signal]);

    const engine = startEngine(platform, options);
    const loading = new AbortController(); // ends what is still being read when the load fails or is cancelled
    const load = async (): Promise<ModelInfo> => {
      if (typeof WebAssembly !== 'object') {
        throw new LatformerError('unsupported_runtime', 'there is no WebAssembly here');
      }
      const model = readModel(folder, options.progress, loading.signal);
      const config = model.config();
      const reading = model.smallFiles(config);
      reading.catch(() => undefined); // it is awaited below, unless something else fails first
      const threads = await threadsFor(platform, options, config);
      const binary = binaryFor(options.kernels, threads);
      await engine.start(await compile(platform, options, binary), threads);
      await engine.open(await reading, options.dtype);
      await model.weights((part) => engine.append(part));
      return { ...(await engine.finish()), binary: options.wasmBinary ? 'wasmBinary' : binary };
    };
    try {
      const info = await orAborted(load(), [options.signal]);
      const calibrator = new Calibrator(engine, platform, info, runsInWorker(platform, options));
      const classify = textClassificationPipeline(engine, info, task, calibrator);
      if (options.calibrate) await orAborted(classify.calibrate(), [options.signal]);
      options.progress({ status: 'ready', task, model: folder.name });
      return classify;
    } catch (error) {
      loading.abort(error);
      engine.close();
      throw error;
    }
  };
}
