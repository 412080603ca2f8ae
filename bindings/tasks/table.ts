// The tasks that pipeline() knows: a line each.
import { show } from '../arguments/values.js';
import type { Engine, LoadedModel } from '../engine.js';
import { LatformerError } from '../errors.js';
import type { Calibrator } from '../time/calibration.js';
import type { ClassificationTask, TextClassificationPipeline } from '../types/classification.js';
import { textClassificationPipeline } from './classification.js';

export interface Task {
  create(
    engine: Engine,
    info: LoadedModel & { binary: string },
    task: ClassificationTask,
    calibrator: Calibrator,
  ): TextClassificationPipeline;
}

const tasks: Record<ClassificationTask, Task> = {
  'sentiment-analysis': { create: textClassificationPipeline },
  'text-classification': { create: textClassificationPipeline },
};

const isTask = (name: string): name is ClassificationTask => Object.hasOwn(tasks, name);

export function taskNamed(name: unknown): { name: ClassificationTask } & Task {
  if (typeof name !== 'string') throw new TypeError(`task must be a string, not ${show(name)}`);
  if (!isTask(name)) {
    const known = Object.keys(tasks).map((each) => `'${each}'`);
    throw new LatformerError('unsupported_task', `the task ${show(name)} is not supported; ${known.join(' and ')} are`);
  }
  return { name, ...tasks[name] };
}
