// pipeline(): checks what it is asked for, loads the model into an engine, and hands out the task's callable.
import { checkPipelineOptions } from './arguments/pipeline.js';
import { frozen, loadInto } from './loading.js';
import type { BundledModel } from './model/bundled.js';
import type { Platform } from './platform.js';
import { taskNamed } from './tasks/table.js';
import { Calibrator } from './time/calibration.js';
import type { Environment } from './types/environment.js';
import type { ModelSource } from './types/model.js';
import type { PipelineFactory, Pipelines } from './types/pipeline.js';

/** `bundled`: the model of those who name none. */
export function createPipelineFactory(platform: Platform, env: Environment, bundled?: BundledModel): PipelineFactory {
  const pipeline = async (
    givenTask: unknown,
    model?: ModelSource | null,
    givenOptions?: unknown,
  ): Promise<Pipelines[keyof Pipelines]> => {
    const task = taskNamed(givenTask);
    const options = checkPipelineOptions(givenOptions);
    if ((model ?? undefined) === undefined && !(task.bundled && bundled)) {
      const why = task.bundled ? "; only 'latformer', not 'latformer/core', brings one" : '';
      throw new TypeError(`${task.name} needs a model: a folder, a URL, a name or { files }${why}`);
    }
    return loadInto(
      { platform, env, bundled },
      model ?? undefined,
      options,
      async ({ engine, start }, reader, about) => {
        const config = reader.config();
        const reading = reader.smallFiles(task.kind, config);
        reading.catch(() => undefined); // it is awaited below, unless something else fails first
        reader.askForWeights(config);
        const started = await start(config);
        const files = await reading;
        const isNative = started.binary.endsWith('.node'); // instances of WebAssembly have a memory each, and nothing to share
        await reader.weights(
          (part) => engine.append(part),
          async (origin) =>
            (await engine.open(task.kind, files, options.dtype, isNative ? origin : undefined)) !== 'shared',
        );
        const loaded = { ...(await engine.finish()), ...about(started) };
        return { files, info: frozen(task.infoOf(loaded, files)) };
      },
      async ({ engine, inWorker, name, value: { files, info } }) => {
        const calibrator = new Calibrator(engine, platform, info, inWorker);
        const created = task.create({ engine, files, info, calibrator, maxPending: options.maxPending });
        if (options.calibrate) await created.calibrate({ signal: options.signal });
        options.progress({ status: 'ready', task: task.name, model: name });
        return created;
      },
    );
  };
  return pipeline as PipelineFactory;
}
