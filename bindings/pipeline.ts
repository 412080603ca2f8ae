// pipeline(): checks what it is asked for, starts an engine, loads the model, and hands out the task's callable.
import { checkModel, checkPipelineOptions } from './arguments/pipeline.js';
import type { CheckedPipelineOptions } from './arguments/pipeline.js';
import { orAborted, throwIfAborted } from './abort.js';
import { LatformerError } from './errors.js';
import { opener } from './download/kept.js';
import { accessOf, folderAt } from './download/places.js';
import type { Access } from './download/request.js';
import { withTotals } from './download/totals.js';
import { packageFileReader } from './download/whole.js';
import type { PackageHashes } from './download/whole.js';
import type { BundledModel } from './model/bundled.js';
import { folderOfFiles } from './model/files.js';
import type { ModelFolder } from './model/folder.js';
import { readModel } from './model/load.js';
import { weightsFile } from './model/names.js';
import type { Launch, Platform } from './platform.js';
import { taskNamed } from './tasks/table.js';
import { Calibrator } from './time/calibration.js';
import type { Environment } from './types/environment.js';
import type { ModelSource } from './types/model.js';
import type { PipelineFactory, Pipelines, ProgressInfo } from './types/pipeline.js';

type ProgressCallback = (info: ProgressInfo) => void;

declare const LATFORMER_HASHES: PackageHashes; // by scripts/build_js.mjs

async function bundledFolder(
  platform: Platform,
  bundled: BundledModel,
  options: CheckedPipelineOptions,
  access: Access,
): Promise<ModelFolder> {
  const { vocabulary, weights } = await platform.locate(bundled, options.wasmPaths);
  const files = new Map<string, Uint8Array | URL>([
    ...bundled.files,
    ['vocab.txt', vocabulary],
    [weightsFile, weights],
  ]);
  return folderOfFiles(bundled.name, files, platform.openUrl(opener(access)), bundled.integrity);
}

function folderOf(
  platform: Platform,
  env: Environment,
  model: ModelSource,
  options: CheckedPipelineOptions,
  access: Access,
): ModelFolder | Promise<ModelFolder> {
  const checked = checkModel(model);
  return 'folder' in checked
    ? folderAt(platform, env, checked.folder, options.access, access)
    : folderOfFiles('the given files', checked.files, platform.openUrl(opener(access)));
}

/** The value, and all that is in it, which nobody can change any more. */
function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

/** `bundled`: the model of those who name none. */
export function createPipelineFactory(platform: Platform, env: Environment, bundled?: BundledModel): PipelineFactory {
  const pipeline = async (
    givenTask: unknown,
    model?: ModelSource | null,
    givenOptions?: unknown,
  ): Promise<Pipelines[keyof Pipelines]> => {
    const task = taskNamed(givenTask);
    const options = checkPipelineOptions(givenOptions);
    const given = model ?? undefined;
    const itsOwn = task.bundled ? bundled : undefined;
    if (given === undefined && itsOwn === undefined) {
      const why = task.bundled ? "; only 'latformer', not 'latformer/core', brings one" : '';
      throw new TypeError(`${task.name} needs a model: a folder, a URL, a name or { files }${why}`);
    }
    const notes = new Set(options.notes);
    const access = accessOf(platform, env, options.access, (sentence) => void notes.add(sentence));
    const folder = await (given === undefined
      ? bundledFolder(platform, itsOwn as BundledModel, options, access)
      : folderOf(platform, env, given, options, access));
    const integrity = new Map([...(folder.integrity ?? []), ...options.integrity]);
    throwIfAborted([options.signal]);

    const progress = withTotals(options.progress, folder.name);
    const read = packageFileReader(opener(access), LATFORMER_HASHES, progress);
    /** Reads the model into an engine; gives what it is, and its small files. */
    const fill = async ({ engine, start }: Launch, told: ProgressCallback, signal: AbortSignal) => {
      const model = readModel(folder, told, signal, integrity, platform.startHash);
      const config = model.config();
      const reading = model.smallFiles(task.kind, config);
      reading.catch(() => undefined); // it is awaited below, unless something else fails first
      const started = await start(config);
      const files = await reading;
      await engine.open(task.kind, files, options.dtype);
      await model.weights((part) => engine.append(part));
      const about = { ...started, notes: [...started.notes, ...notes], source: folder.source ?? folder.name };
      return { files, info: frozen(task.infoOf({ ...(await engine.finish()), ...about }, files)) };
    };
    const launch = platform.launch({ ...options, read }, async (another, signal) => {
      await fill(another, () => undefined, signal);
    });
    const { engine, inWorker } = launch;
    const loading = new AbortController(); // ends what is still being read when the load fails or is cancelled
    const load = async () => {
      const { files, info } = await fill(launch, progress, loading.signal);
      const calibrator = new Calibrator(engine, platform, info, inWorker);
      return { engine, files, info, calibrator, maxPending: options.maxPending };
    };
    try {
      const created = task.create(await orAborted(load(), [options.signal]));
      if (options.calibrate) await created.calibrate({ signal: options.signal });
      options.progress({ status: 'ready', task: task.name, model: folder.name });
      return created;
    } catch (error) {
      // A copy may be what is bad; the next load asks the server.
      if (error instanceof LatformerError && error.code === 'bad_model') {
        await Promise.all([...access.discards].map((discard) => discard()));
      }
      loading.abort(error);
      engine.close();
      throw error;
    }
  };
  return pipeline as PipelineFactory;
}
