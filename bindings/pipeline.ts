// pipeline(): checks what it is asked for, picks thread and model, loads, and hands out the task's callable.
import { checkModel, checkPipelineOptions, checkTask } from './arguments.js';
import type { CheckedPipelineOptions } from './arguments.js';
import { orAborted, throwIfAborted } from './abort.js';
import { Calibrator } from './calibration.js';
import { textClassificationPipeline } from './classification.js';
import { LocalEngine } from './engine.js';
import type { Engine } from './engine.js';
import { LatformerError, messageOf } from './errors.js';
import { folderOfFiles } from './files.js';
import { loadModel } from './load.js';
import type { ModelFolder, Platform } from './platform.js';
import { connect } from './remote.js';
import type { ModelSource, PipelineFactory } from './types.js';

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

async function compile(platform: Platform, options: CheckedPipelineOptions): Promise<WebAssembly.Module> {
  if (typeof WebAssembly !== 'object') throw new LatformerError('unsupported_runtime', 'there is no WebAssembly here');
  try {
    // A copy, because a shared or resizable buffer cannot be compiled.
    if (options.wasmBinary) return await WebAssembly.compile(new Uint8Array(options.wasmBinary));
    return await platform.compile(options.wasmPaths);
  } catch (cause) {
    if (cause instanceof LatformerError) throw cause;
    const code = cause instanceof WebAssembly.CompileError ? 'unsupported_runtime' : 'read_failed';
    throw new LatformerError(code, `cannot compile latformer.wasm: ${messageOf(cause)}`, { cause });
  }
}

const runsInWorker = (platform: Platform, options: CheckedPipelineOptions): boolean =>
  options.worker ?? platform.workerByDefault();

function startEngine(platform: Platform, options: CheckedPipelineOptions): Engine {
  if (!runsInWorker(platform, options)) return new LocalEngine();
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
    const load = async () => {
      await engine.start(await compile(platform, options));
      return loadModel(engine, folder, options.progress, loading.signal);
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
