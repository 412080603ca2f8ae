// Progress of each file, and of all together, as transformers.js tells it.
//
// Of all together nothing is told before it is known which files these are, and how large: each that came later would make
// the whole larger, and the percentage smaller. From then on both parts of it grow by the same bytes, if by any.
import type { ProgressInfo } from './types/pipeline.js';

type Callback = (info: ProgressInfo) => void;

export class Progress {
  readonly #callback: Callback;
  readonly #name: string;
  readonly #files: Record<string, { loaded: number; total: number }> = {};
  readonly #awaited = new Set<unknown>(); // files whose size is not known yet, and what may bring more files

  constructor(callback: Callback, name: string) {
    this.#callback = callback;
    this.#name = name;
  }

  /** More files may come, until what it gives is called. */
  hold(): () => void {
    const hold = {};
    this.#awaited.add(hold);
    return () => this.#settle(hold);
  }

  /** Of one file. */
  readonly tell = (info: ProgressInfo): void => {
    this.#callback(info);
    if (!('file' in info)) return;
    const { status, file } = info;
    if (status === 'initiate') {
      if (!(file in this.#files)) this.#awaited.add(file); // workers of a pool may read the same one
    } else if (status === 'download') {
      this.#files[file] ??= { loaded: 0, total: info.total ?? 0 };
      this.#settle(file);
    } else if (status === 'progress') {
      const { loaded = 0, total = 0 } = this.#files[file] ?? {};
      this.#files[file] = { loaded: Math.max(loaded, info.loaded), total: Math.max(total, info.total) };
      this.#tellAll();
    } else {
      this.#settle(file);
    }
  };

  #settle(what: unknown): void {
    if (this.#awaited.delete(what)) this.#tellAll();
  }

  #tellAll(): void {
    if (this.#awaited.size > 0) return;
    let loaded = 0;
    let total = 0;
    for (const file of Object.values(this.#files)) {
      loaded += file.loaded;
      total += file.total;
    }
    const progress = total > 0 ? (100 * loaded) / total : 0;
    const files = { ...this.#files };
    this.#callback({ status: 'progress_total', name: this.#name, loaded, total, progress, files });
  }
}
