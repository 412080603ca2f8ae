// Where the model is that pipeline() was asked for: a folder, an address, or a name to be looked for.
import type { CheckedAccess } from '../arguments/access.js';
import { LatformerError } from '../errors.js';
import type { ModelFolder, OpenUrl } from '../model/folder.js';
import type { Environment } from '../types/environment.js';
import { hubFolder, hubUrl, isHubName } from './hub.js';
import { opener } from './kept.js';
import type { Access } from './request.js';
import type { Store } from './store.js';

/** What a browser or Node knows of places. */
export interface Places {
  /** A folder by path or URL; `openUrl` fetches its files. */
  folder(location: string | URL, openUrl: OpenUrl): ModelFolder;
  /** The model of this name in `localModelPath`, if there is one. */
  localModel(name: string, localModelPath: string, openUrl: OpenUrl): Promise<ModelFolder | undefined>;
  /** As `openUrl`, but for addresses that are no matter of HTTP. */
  openUrl(openUrl: OpenUrl): OpenUrl;
  /** What relative addresses refer to. */
  base(): string | undefined;
  /** Where copies of downloads are kept. Throws where there is no such place. */
  store(cacheDir: string | undefined): Store;
  /** Whether a fetch here shows redirects instead of following them. */
  seesRedirects: boolean;
  /** See Access. */
  explain(origin: string): Promise<string | undefined>;
}

/** How files are fetched for one pipeline. */
export function accessOf(places: Places, env: Environment, options: CheckedAccess, note: Access['note']): Access {
  const cacheDir = options.cacheDir ?? env.cacheDir ?? undefined;
  const given = options.fetch ?? env.fetch;
  return {
    fetch: (input, init) => (given ?? fetch)(input, init),
    headers: options.headers,
    seesRedirects: places.seesRedirects,
    isOffline: options.localFilesOnly,
    store: env.cache.enabled ? () => places.store(cacheDir) : undefined,
    discards: new Set(),
    note,
    explain: (origin) => places.explain(origin),
  };
}

export async function folderAt(
  places: Places,
  env: Environment,
  location: string | URL,
  options: CheckedAccess,
  access: Access,
): Promise<ModelFolder> {
  const openUrl = opener(access);
  if (typeof location !== 'string' || !isHubName(location)) return places.folder(location, openUrl);
  const local = env.allowLocalModels ? await places.localModel(location, env.localModelPath, openUrl) : undefined;
  if (local !== undefined) return local;
  if (!env.allowRemoteModels) {
    const where = env.allowLocalModels ? `in '${env.localModelPath}'` : 'here (env.allowLocalModels is false)';
    throw new LatformerError(
      'bad_model',
      `there is no folder '${location}' ${where}, and env.allowRemoteModels is false`,
    );
  }
  const { remoteHost, remotePathTemplate } = env;
  const hub = {
    remoteHost,
    remotePathTemplate,
    revision: options.revision,
    hasCredentials: 'authorization' in options.headers,
    isSecondChoice: env.allowLocalModels,
  };
  return hubFolder(location, hub, hubUrl(location, hub, places.base()), openUrl);
}
