// What pipeline() and loadTokenizer() have in common: finds the files, starts an engine, has it filled, and leaves nothing behind
// where that fails.
import { checkModel } from './arguments/pipeline.js';
import type { CheckedPipelineOptions } from './arguments/pipeline.js';
import { orAborted, throwIfAborted } from './abort.js';
import type { Engine } from './engine.js';
import { LatformerError } from './errors.js';
import { opener } from './download/kept.js';
import { accessOf, folderAt } from './download/places.js';
import type { Access } from './download/request.js';
import { packageFileReader } from './download/whole.js';
import type { PackageHashes } from './download/whole.js';
import type { BundledModel } from './model/bundled.js';
import { folderOfFiles } from './model/files.js';
import type { ModelFolder } from './model/folder.js';
import { readModel } from './model/load.js';
import type { ModelReader } from './model/load.js';
import { weightsFile } from './model/names.js';
import type { Launch, Platform } from './platform.js';
import { Progress } from './progress.js';
import type { Environment } from './types/environment.js';
import type { ModelSource, StartInfo } from './types/model.js';

declare const LATFORMER_HASHES: PackageHashes; // by scripts/build_js.mjs

/** Where things are looked for. */
export interface Place {
  platform: Platform;
  env: Environment;
  /** The model of those who name none. */
  bundled?: BundledModel | undefined;
}

/** Reads what it needs into an engine, and gives what that is; `about` completes what the start has told. */
export type Fill<T> = (
  launch: Launch,
  reader: ModelReader,
  about: (started: Omit<StartInfo, 'source'>) => StartInfo,
) => Promise<T>;

export interface Filled<T> {
  engine: Engine;
  /** Whether messages lie between it and its callers. */
  inWorker: boolean;
  /** Of the folder, for messages. */
  name: string;
  /** What `Fill` gave. */
  value: T;
}

async function folderOf(
  { platform, env, bundled }: Place,
  model: ModelSource | undefined,
  options: CheckedPipelineOptions,
  access: Access,
): Promise<ModelFolder> {
  const openUrl = platform.openUrl(opener(access));
  if (model === undefined && bundled !== undefined) {
    const { vocabulary, weights } = await platform.locate(bundled, options.wasmPaths);
    const files = new Map<string, Uint8Array | URL>([
      ...bundled.files,
      ['vocab.txt', vocabulary],
      [weightsFile, weights],
    ]);
    return folderOfFiles(bundled.name, files, openUrl, bundled.integrity);
  }
  const checked = checkModel(model as ModelSource); // one that is missing was refused before
  return 'folder' in checked
    ? folderAt(platform, env, checked.folder, options.access, access)
    : folderOfFiles('the given files', checked.files, openUrl);
}

/** The value, and all that is in it, which nobody can change any more. */
export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

/** Gives what `use` makes of the engine once it is filled. */
export async function loadInto<T, Made>(
  place: Place,
  model: ModelSource | undefined,
  options: CheckedPipelineOptions,
  fill: Fill<T>,
  use: (filled: Filled<T>) => Promise<Made>,
): Promise<Made> {
  const { platform, env } = place;
  const notes = new Set(options.notes);
  const access = accessOf(platform, env, options.access, (sentence) => void notes.add(sentence));
  const folder = await folderOf(place, model, options, access);
  const integrity = new Map([...(folder.integrity ?? []), ...options.integrity]);
  throwIfAborted([options.signal]);

  const progress = new Progress(options.progress, folder.name);
  const hasBinary = progress.hold();
  const read = packageFileReader(opener(access), LATFORMER_HASHES, platform.gunzip, (info) => {
    progress.tell(info);
    if (info.status === 'download') hasBinary();
  });
  const source = folder.source ?? folder.name;
  const fillFrom = async (launched: Launch, progress: Progress, signal: AbortSignal): Promise<T> => {
    const reader = readModel(folder, progress, signal, integrity, platform.startHash);
    // Where it has asked for no binary by then, it needs none.
    const start: Launch['start'] = (config) => launched.start(config).finally(hasBinary);
    const about = (started: Omit<StartInfo, 'source'>) => ({ ...started, notes: [...started.notes, ...notes], source });
    try {
      return await fill({ ...launched, start }, reader, about);
    } finally {
      reader.close();
    }
  };
  const launch = platform.launch({ ...options, read }, async (another, signal) => {
    await fillFrom(another, new Progress(() => undefined, folder.name), signal);
  });
  const { engine, inWorker } = launch;
  const loading = new AbortController(); // ends what is still being read when the load fails or is cancelled
  try {
    const value = await orAborted(fillFrom(launch, progress, loading.signal), [options.signal]);
    return await use({ engine, inWorker, name: folder.name, value });
  } catch (error) {
    // A copy may be what is bad; the next load asks the server.
    if (error instanceof LatformerError && error.code === 'bad_model') {
      await Promise.all([...access.discards].map((discard) => discard()));
    }
    loading.abort(error);
    engine.close();
    throw error;
  }
}
