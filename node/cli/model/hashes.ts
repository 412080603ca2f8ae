// `latformer inspect --hashes`: what `integrity` of pipeline() takes, of all files of a folder that may be read, and null for
// those that may but are not there, so that none can be added without notice.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkIntegrity } from '../../../bindings/arguments/pipeline.js';
import { integrityOf } from '../../../bindings/model/integrity.js';
import { knownFiles, weightsIndexFile } from '../../../bindings/model/names.js';
import { parseIndex } from '../../../bindings/model/shards.js';
import { openRegular } from '../../files.js';
import { badInput, fileFailure } from '../failure.js';

async function hashOf(path: string): Promise<string | null> {
  try {
    const opened = await openRegular(path);
    if (opened === undefined) return null;
    const hash = createHash('sha256');
    for await (const part of createReadStream(path, { fd: opened.handle })) hash.update(part as Uint8Array);
    return integrityOf(hash.digest());
  } catch (error) {
    throw fileFailure(`cannot read ${path}`, error);
  }
}

export async function hashesOf(folder: string): Promise<Record<string, string | null>> {
  const names = [...knownFiles];
  const index = await readFile(join(folder, weightsIndexFile)).catch(() => undefined);
  if (index !== undefined) names.push(...parseIndex(weightsIndexFile, index).values());
  const hashes: Record<string, string | null> = {};
  for (const name of new Set(names)) hashes[name] = await hashOf(join(folder, name));
  if (Object.values(hashes).every((hash) => hash === null)) throw badInput(`${folder} has no file of a model`);
  return hashes;
}

/** What `--hashes` printed, from a file. */
export async function readHashes(path: string): Promise<Record<string, string | null>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw fileFailure(`cannot read ${path}`, error);
  }
  try {
    const hashes: unknown = JSON.parse(text);
    checkIntegrity(hashes);
    return hashes as Record<string, string | null>;
  } catch (error) {
    throw badInput(`${path}: ${error instanceof TypeError ? error.message : 'not JSON'}`);
  }
}
