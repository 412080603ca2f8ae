// What the files of a model must hash to, written as the web platform does (Subresource Integrity): 'sha256-' and Base64, or
// several of these with blanks between, of which one is enough.

/** By name of the file; null: there must be none. Files that are not named are not checked; weights that are must be there. */
export type Integrity = ReadonlyMap<string, readonly string[] | null>;

const form = /^sha256-[A-Za-z0-9+/]{43}=$/;

/** Undefined if `text` is no such value. */
export function parseIntegrity(text: string): string[] | undefined {
  const hashes = text.trim().split(/\s+/);
  return hashes.every((hash) => form.test(hash)) ? hashes : undefined;
}

export const integrityOf = (digest: Uint8Array): string => `sha256-${btoa(String.fromCharCode(...digest))}`;
