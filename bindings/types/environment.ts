// env: where models are looked for, and what is kept of downloads. As transformers.js has it, where it has it.

/** A file that is kept, or begun. */
export interface CachedFile {
  /** Where it is from. */
  url: string;
  /** What is kept of it. */
  bytes: number;
  /** Whether that is all of it. */
  complete: boolean;
}

export interface CacheSize {
  files: number;
  bytes: number;
  /** What the browser, or the disk, has room for besides, where it tells. */
  available: number | undefined;
}

/** Copies of downloads: Cache Storage in browsers, `env.cacheDir` in Node. */
export interface DownloadCache {
  /** Whether downloads are kept, and what is kept is used. Default true. */
  enabled: boolean;
  list(): Promise<CachedFile[]>;
  measure(): Promise<CacheSize>;
  /**
   * Forgets what came from these addresses: all files of a name on the hub, all below a URL, or without either all there
   * are. Gives how many it were.
   */
  delete(model?: string | URL): Promise<number>;
}

/** Settings that hold for each pipeline() that is called from then on, in this thread. */
export interface Environment {
  /** Whether names like 'user/model' are looked for at `remoteHost`. Default true. */
  allowRemoteModels: boolean;
  /** Where models are by name. Default 'https://huggingface.co/'. */
  remoteHost: string;
  /** Behind `remoteHost`, with `{model}` and `{revision}`. Default '{model}/resolve/{revision}/'. */
  remotePathTemplate: string;
  /** Whether names are looked for in `localModelPath` first. Default true in Node, false in browsers. */
  allowLocalModels: boolean;
  /** A folder (Node) or URL (browsers) of models by name. Default '' in Node, the working directory; '/models/' in browsers. */
  localModelPath: string;
  /** Node: the folder where downloads are kept. By default `latformer/models` in the user's cache folder. */
  cacheDir: string | null;
  readonly cache: DownloadCache;
  /** What fetches; by default fetch. */
  fetch: typeof fetch | null;
}
