// Models by name: 'user/model' is a folder on a host that answers like the Hugging Face Hub.
import { LatformerError } from '../errors.js';
import { Refused } from '../model/folder.js';
import type { ModelFolder, OpenUrl } from '../model/folder.js';
import { Unreachable } from './request.js';

/** Where names lead to. */
export interface Hub {
  remoteHost: string;
  remotePathTemplate: string;
  revision: string;
  /** Whether it was looked for in a folder before. */
  isSecondChoice: boolean;
  /** Whether requests are made with a header that says who asks. */
  hasCredentials: boolean;
}

/** 'model' or 'user/model'; a path begins with '.' or '/', or has more of these. */
export const isHubName = (text: string): boolean => /^[\w-][\w.-]*(\/[\w-][\w.-]*)?$/.test(text);

/** The folder of a model; `hub.remoteHost` may be relative to `base`. */
export function hubUrl(
  name: string,
  { remoteHost, remotePathTemplate, revision }: Pick<Hub, 'remoteHost' | 'remotePathTemplate' | 'revision'>,
  base?: string,
): URL {
  const path = remotePathTemplate
    .replaceAll('{model}', () => name)
    .replaceAll('{revision}', () => encodeURIComponent(revision));
  const host = remoteHost.endsWith('/') ? remoteHost : `${remoteHost}/`;
  try {
    return new URL(path.endsWith('/') ? path : `${path}/`, base === undefined ? host : new URL(host, base));
  } catch (cause) {
    throw new TypeError(`env.remoteHost is no URL: ${host}`, { cause });
  }
}

/** In words, what an answer of the hub means for whoever typed the name. */
function meaningOf({ status, reason, message }: Refused, name: string, hub: Hub, place: string): string {
  const who = hub.hasCredentials
    ? 'the given headers do not let you read it'
    : "if it is private or gated, give a token: { headers: { authorization: 'Bearer hf_…' } }";
  if (reason === 'RevisionNotFound') return `${name} on ${place} has no revision '${hub.revision}'`;
  if (reason === 'GatedRepo') return `${name} on ${place} is gated: its owner wants you to ask for access; ${who}`;
  if (reason === 'RepoNotFound' || status === 401 || status === 404) {
    return `there is no model ${name} on ${place} that everybody may read; ${who}`;
  }
  if (status === 403) return `${place} refuses ${name}; ${who}`;
  if (status === 429) return `${place} was asked too often; try again later`;
  return message;
}

export function hubFolder(name: string, hub: Hub, url: URL, openUrl: OpenUrl): ModelFolder {
  const place = url.origin;
  return {
    name,
    source: url.href,
    async open(file, signal) {
      try {
        return await openUrl(new URL(file, url), signal);
      } catch (error) {
        if (error instanceof Unreachable && hub.isSecondChoice) {
          const message = `there is no folder '${name}' here, so ${place} was asked: ${error.message}`;
          throw new LatformerError('read_failed', message, { cause: error });
        }
        if (!(error instanceof Refused)) throw error;
        throw new LatformerError('read_failed', meaningOf(error, name, hub, place), { cause: error });
      }
    },
  };
}
