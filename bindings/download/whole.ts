// The package's own files by URL, whole.
import { LatformerError } from '../errors.js';
import type { OpenUrl } from '../model/folder.js';
import type { ProgressInfo } from '../types/pipeline.js';
import { hashOf } from './store.js';

/** What to do about a file of the package that is not there. */
export const ownFilesCure = "serve the files of Latformer's dist/ together, or name their folder by { wasmPaths }";

/** A file of the package; `name` as in dist/. */
export type ReadPackageFile = (url: URL, name: string) => Promise<Uint8Array<ArrayBuffer>>;

/** By name: SHA-256 in Base64 of the files that scripts/build_js.mjs has put into dist/. */
export type PackageHashes = Readonly<Record<string, string>>;

export const packageFileReader =
  (openUrl: OpenUrl, hashes: PackageHashes, progress: (info: ProgressInfo) => void): ReadPackageFile =>
  async (url, file) => {
    const name = 'latformer';
    progress({ status: 'initiate', name, file });
    const opened = await openUrl(url, undefined, hashes[file]);
    if (opened === undefined) {
      throw new LatformerError(
        'read_failed',
        `${url.href} is missing, or an HTML page stands in its place; ${ownFilesCure}`,
      );
    }
    try {
      progress({ status: 'download', name, file });
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      let loaded = 0;
      for await (const part of opened.parts) {
        pieces.push(part.slice());
        loaded += part.length;
        const total = Math.max(opened.size ?? 0, loaded);
        progress({ status: 'progress', name, file, loaded, total, progress: (100 * loaded) / total });
      }
      const bytes = new Uint8Array(await new Blob(pieces).arrayBuffer());
      // Where there is nothing to compute it with, as on an insecure page, nothing is kept either.
      const hash = (globalThis.crypto as Crypto | undefined)?.subtle ? await hashOf(bytes) : hashes[file];
      if (hash !== hashes[file]) {
        await opened.discard?.();
        const message = `${url.href} is not the file of this version of Latformer; an older copy may be in the way`;
        throw new LatformerError('read_failed', message);
      }
      progress({ status: 'done', name, file });
      return bytes;
    } finally {
      await opened.close();
    }
  };
