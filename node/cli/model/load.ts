// The model of --model, or the bundled one, with the options that say how it is to run.
import { devices, dtypes } from '../../../bindings/choices.js';
import type { Device, Dtype } from '../../../bindings/choices.js';
import { pipeline } from '../../index.js';
import type { Pipelines } from '../../index.js';
import { choiceOption, wholeNumberOption } from '../command.js';
import { misuse } from '../failure.js';
import { readHashes } from './hashes.js';
import { Progress, hideProgress } from '../write/progress.js';

/** For the help of every command that loads a model. */
export const runHelp = `  --dtype D            what linear layers compute in: fp32, q8 or q4; by default what the weights are made for
  --device D           native: by the addon, or not at all; wasm: as WebAssembly; by default auto: by the addon where there is one
  --threads N          at most N threads; by default 1 for a small model, else half of the processors and at most 4
  --integrity FILE     what the model's files must hash to, as inspect --hashes prints it`;

export const runOptions = {
  dtype: { type: 'string' },
  device: { type: 'string' },
  threads: { type: 'string' },
  integrity: { type: 'string' },
} as const;

export interface RunChoice {
  dtype: Dtype | undefined;
  device: Device | undefined;
  threads: number | undefined;
  /** A file of hashes. */
  integrity: string | undefined;
}

export function parseRunOptions({
  dtype,
  device,
  threads,
  integrity,
}: {
  dtype?: string;
  device?: string;
  threads?: string;
  integrity?: string;
}): RunChoice {
  return {
    integrity,
    dtype: dtype === undefined ? undefined : choiceOption('dtype', dtype, dtypes),
    device: device === undefined ? undefined : choiceOption('device', device, devices),
    threads: threads === undefined ? undefined : wholeNumberOption('threads', threads, 1),
  };
}

export interface LoadOptions extends RunChoice {
  signal: AbortSignal;
  /** In a worker, so that signals are heard while a long text is read. */
  worker: boolean;
  /** In several. */
  workers?: number | undefined;
}

export async function loadModel<Task extends keyof Pipelines>(
  task: Task,
  model: string | undefined,
  { signal, worker, workers, dtype, device, threads, integrity }: LoadOptions,
): Promise<Pipelines[Task]> {
  if (model === '') throw misuse('--model needs a folder or URL');
  const hashes = integrity === undefined ? undefined : await readHashes(integrity);
  const progress = new Progress();
  const loaded = await pipeline(task, model ?? null, {
    signal,
    worker,
    workers,
    dtype,
    device,
    threads,
    integrity: hashes,
    progress_callback: (info) => {
      if (info.status === 'progress_total') progress.loading(info.progress / 100);
    },
  });
  hideProgress();
  return loaded;
}
