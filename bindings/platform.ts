// What differs between a browser and Node, as one small interface; node/index.ts and web/src/index.ts fill it in.
import type { CheckedPipelineOptions } from './arguments/pipeline.js';
import type { Gunzip } from './download/gzip.js';
import type { ReadPackageFile } from './download/whole.js';
import type { Engine } from './engine.js';
import type { Places } from './download/places.js';
import type { BundledModel, LargeFiles } from './model/bundled.js';
import type { StartHash } from './model/sha256.js';
import type { DeviceMemory } from './time/calibration.js';
import type { StartInfo } from './types/model.js';

/** An engine that is about to start. */
export interface Launch {
  readonly engine: Engine;
  /** Whether messages lie between it and its callers. */
  readonly inWorker: boolean;
  /** Makes it ready to open a model with this config.json. */
  start(config: Promise<Uint8Array>): Promise<Omit<StartInfo, 'source'>>;
}

/** Loads the pipeline's model, once more, into an engine that was launched. */
export type Load = (launch: Launch, signal: AbortSignal) => Promise<void>;

export interface LaunchOptions extends CheckedPipelineOptions {
  /** Fetches a file of the package. */
  read: ReadPackageFile;
}

export interface Platform extends DeviceMemory, Places {
  /** `reload` is for engines that take the place of those that died. */
  launch(options: LaunchOptions, reload: Load): Launch;
  /** Where the large files of the bundled model are. */
  locate(model: BundledModel, wasmPaths: string | URL | undefined): Promise<LargeFiles>;
  /** SHA-256. */
  startHash: StartHash;
  gunzip: Gunzip;
}
