// env: settings of this thread. Files are fetched by the thread that calls pipeline(), so a pipeline's worker needs none of it.
import { show } from './arguments/values.js';
import type { Store } from './download/store.js';
import { hubUrl } from './download/hub.js';
import type { DownloadCache, Environment } from './types/environment.js';

/** What differs between a browser and Node. */
export interface EnvironmentDefaults {
  allowLocalModels: boolean;
  localModelPath: string;
  /** Where copies of downloads are kept. Throws where there is no such place. */
  store(cacheDir: string | undefined): Store;
  /** What relative addresses refer to. */
  base(): string | undefined;
}

function cacheOf(env: Environment, { store, base }: EnvironmentDefaults): DownloadCache {
  const open = (): Store | undefined => {
    try {
      return store(env.cacheDir ?? undefined);
    } catch {
      return undefined; // then nothing is kept
    }
  };
  const list = async (opened: Store | undefined) => (await opened?.list().catch(() => [])) ?? [];
  return Object.seal({
    enabled: true,
    async list() {
      const indices = await list(open());
      return indices
        .filter(({ isAbsent }) => isAbsent !== true)
        .map(({ url, parts, isComplete }) => ({
          url,
          bytes: parts.reduce((sum, { size }) => sum + size, 0),
          complete: isComplete,
        }));
    },
    async measure() {
      const files = await this.list();
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
      return {
        files: files.length,
        bytes,
        available: await open()
          ?.available()
          .catch(() => undefined),
      };
    },
    async delete(model?: string | URL) {
      const isOf = (url: string): boolean => {
        if (model === undefined) return true;
        if (model instanceof URL || /^https?:/.test(model)) return isBelow(url, new URL(model).href);
        const marked = hubUrl(model, { ...env, revision: '\n' }, base());
        const [before = '', behind = ''] = marked.href.split('%0A');
        return url.startsWith(before) && url.slice(before.length).includes(behind);
      };
      const opened = open();
      const matching = (await list(opened)).filter(({ url }) => isOf(url));
      for (const { url } of matching) await opened?.delete(url);
      return matching.filter(({ isAbsent }) => isAbsent !== true).length;
    },
  });
}

const isBelow = (url: string, folder: string): boolean =>
  url === folder || url.startsWith(folder.endsWith('/') ? folder : `${folder}/`);

/** The type that each setting must have. */
const kinds: Partial<Record<keyof Environment, readonly string[]>> = {
  allowRemoteModels: ['boolean'],
  remoteHost: ['string'],
  remotePathTemplate: ['string'],
  allowLocalModels: ['boolean'],
  localModelPath: ['string'],
  cacheDir: ['string', 'null'],
  fetch: ['function', 'null'],
};

export function createEnvironment(defaults: EnvironmentDefaults): Environment {
  const values: Omit<Environment, 'cache'> = {
    allowRemoteModels: true,
    remoteHost: 'https://huggingface.co/',
    remotePathTemplate: '{model}/resolve/{revision}/',
    allowLocalModels: defaults.allowLocalModels,
    localModelPath: defaults.localModelPath,
    cacheDir: null,
    fetch: null,
  };
  const env = {} as Environment;
  for (const name of Object.keys(kinds) as (keyof typeof values)[]) {
    Object.defineProperty(env, name, {
      enumerable: true,
      get: () => values[name],
      set(value: unknown) {
        const allowed = kinds[name] ?? [];
        if (!allowed.includes(value === null ? 'null' : typeof value)) {
          throw new TypeError(`env.${name} must be a ${allowed.join(' or ')}, not ${show(value)}`);
        }
        Object.assign(values, { [name]: value });
      },
    });
  }
  const cache = cacheOf(env, defaults);
  Object.defineProperty(env, 'cache', { enumerable: true, value: cache });
  // transformers.js' names for it.
  for (const name of ['useBrowserCache', 'useFSCache']) {
    Object.defineProperty(env, name, { get: () => cache.enabled, set: (value) => (cache.enabled = Boolean(value)) });
  }
  return Object.seal(env);
}
