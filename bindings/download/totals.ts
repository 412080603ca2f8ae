// Progress of all files together, as transformers.js tells it.
import type { ProgressInfo } from '../types/pipeline.js';

type Callback = (info: ProgressInfo) => void;

/** `callback` of each file, and behind that of all that have begun. */
export function withTotals(callback: Callback, name: string): Callback {
  const files: Record<string, { loaded: number; total: number }> = {};
  return (info) => {
    callback(info);
    if (info.status !== 'progress') return;
    files[info.file] = { loaded: info.loaded, total: info.total };
    let loaded = 0;
    let total = 0;
    for (const file of Object.values(files)) {
      loaded += file.loaded;
      total += file.total;
    }
    callback({ status: 'progress_total', name, loaded, total, progress: (100 * loaded) / total, files: { ...files } });
  };
}
