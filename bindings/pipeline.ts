// pipeline(): checks what it is asked for, starts an engine, loads the model, and hands out the task's callable.
import { checkModel, checkPipelineOptions } from './arguments/pipeline.js';
import type { CheckedPipelineOptions } from './arguments/pipeline.js';
import { orAborted, throwIfAborted } from './abort.js';
import { folderOfFiles } from './model/files.js';
import type { ModelFolder } from './model/folder.js';
import { readModel } from './model/load.js';
import type { Platform } from './platform.js';
import { taskNamed } from './tasks/table.js';
import { Calibrator } from './time/calibration.js';
import type { ModelInfo } from './types/classification.js';
import type { ModelSource } from './types/model.js';
import type { PipelineFactory } from './types/pipeline.js';

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

/** The value, and all that is in it, which nobody can change any more. */
function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

export function createPipelineFactory(platform: Platform): PipelineFactory {
  return async function pipeline(givenTask, model, givenOptions) {
    const task = taskNamed(givenTask);
    const options = checkPipelineOptions(givenOptions);
    const folder = folderOf(platform, model, options);
    throwIfAborted([options.signal]);

    const { engine, inWorker, start } = platform.launch(options);
    const loading = new AbortController(); // ends what is still being read when the load fails or is cancelled
    const load = async (): Promise<ModelInfo> => {
      const model = readModel(folder, options.progress, loading.signal);
      const config = model.config();
      const reading = model.smallFiles(config);
      reading.catch(() => undefined); // it is awaited below, unless something else fails first
      const { binary } = await start(config);
      await engine.open(await reading, options.dtype);
      await model.weights((part) => engine.append(part));
      return frozen({ ...(await engine.finish()), binary });
    };
    try {
      const info = await orAborted(load(), [options.signal]);
      const calibrator = new Calibrator(engine, platform, info, inWorker);
      const created = task.create(engine, info, task.name, calibrator);
      if (options.calibrate) await orAborted(created.calibrate(), [options.signal]);
      options.progress({ status: 'ready', task: task.name, model: folder.name });
      return created;
    } catch (error) {
      loading.abort(error);
      engine.close();
      throw error;
    }
  };
}
