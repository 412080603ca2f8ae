// The model of --model, or the bundled one.
import { pipeline } from '../index.js';
import type { TextClassificationPipeline } from '../index.js';
import { misuse } from './failure.js';
import { Progress, hideProgress } from './progress.js';

export interface LoadOptions {
  signal: AbortSignal;
  /** In a worker, so that signals are heard while a long text is read. */
  worker: boolean;
}

export async function loadModel(
  model: string | undefined,
  { signal, worker }: LoadOptions,
): Promise<TextClassificationPipeline> {
  if (model === '') throw misuse('--model needs a folder or URL');
  const progress = new Progress();
  const classify = await pipeline('text-classification', model ?? null, {
    signal,
    worker,
    progress_callback: (info) => {
      if (info.status === 'progress') progress.loading(info.file, info.loaded / info.total);
    },
  });
  hideProgress();
  return classify;
}
