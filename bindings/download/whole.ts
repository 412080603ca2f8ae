// The package's binaries by URL, whole and unpacked.
import { LatformerError } from '../errors.js';
import type { ModelFile, OpenUrl } from '../model/folder.js';
import type { ProgressInfo } from '../types/pipeline.js';
import { unpacked } from './gzip.js';
import type { Gunzip } from './gzip.js';
import { hashOf } from './store.js';

/** What to do about a file of the package that is not there. */
export const ownFilesCure = "serve the files of Latformer's dist/ together, or name their folder by { wasmPaths }";

/** A file of the package, from the first of these addresses that has it. */
export type ReadPackageFile = (urls: readonly [URL, ...URL[]], name: string) => Promise<Uint8Array<ArrayBuffer>>;

/** By name: SHA-256 in Base64 of the binaries, unpacked, that scripts/build_js.mjs has put into dist/. */
export type PackageHashes = Readonly<Record<string, string>>;

export const packageFileReader =
  (openUrl: OpenUrl, hashes: PackageHashes, gunzip: Gunzip, progress: (info: ProgressInfo) => void): ReadPackageFile =>
  async (urls, file) => {
    const name = 'latformer';
    progress({ status: 'initiate', name, file });
    let [url] = urls;
    let opened: ModelFile | undefined;
    for (const each of urls) {
      opened = await openUrl(each, undefined, hashes[file]);
      if (opened === undefined) continue;
      url = each;
      break;
    }
    if (opened === undefined) {
      throw new LatformerError(
        'read_failed',
        `${url.href} is missing, or an HTML page stands in its place; ${ownFilesCure}`,
      );
    }
    try {
      const { size } = opened;
      progress({ status: 'download', name, file, ...(size !== undefined && { total: size }) });
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      let loaded = 0;
      for await (const part of opened.parts) {
        pieces.push(part.slice());
        loaded += part.length;
        const total = Math.max(size ?? 0, loaded);
        progress({ status: 'progress', name, file, loaded, total, progress: (100 * loaded) / total });
      }
      const arrived = new Uint8Array(await new Blob(pieces).arrayBuffer());
      const bytes = await unpacked(arrived, url.href, gunzip).catch(async (error: unknown) => {
        await opened.discard?.();
        throw error;
      });
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
