// The native addon: where it is, and a session of it. It comes in an optional package for each platform, of which a package
// manager installs the one that fits; LATFORMER_ADDON names the file of another one, such as that of a build.
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import type { Session } from '../bindings/wasm/glue.js';
import { thisScript } from './package_files.js';

declare const LATFORMER_VERSION: string; // by scripts/build_js.mjs

const system = `${process.platform}-${process.arch}`;

/** Whether Node runs on glibc; asked only where the package of either C library is installed. */
function hasGlibc(): boolean {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime !== undefined;
}

/** The packages that may have it, as scripts/support/platforms.mjs names them. */
export const addonPackages =
  process.platform === 'linux' ? [`@latformer/${system}-gnu`, `@latformer/${system}-musl`] : [`@latformer/${system}`];

export function findAddon(): string | undefined {
  const given = process.env['LATFORMER_ADDON'];
  if (given !== undefined && given !== '') return resolve(given);
  const require = createRequire(thisScript());
  const installed = addonPackages.flatMap((name) => {
    try {
      return [join(dirname(require.resolve(`${name}/package.json`)), 'latformer.node')];
    } catch {
      return [];
    }
  });
  return installed.length > 1 && !hasGlibc() ? installed[1] : installed[0];
}

interface Addon {
  version: string;
  Session: new () => Session;
}

/** Throws where the file is none, or is made for another system or version. */
export function openAddon(path: string): Session {
  const { version, Session } = createRequire(path)(path) as Addon;
  if (version !== LATFORMER_VERSION) throw new Error(`${path} is of version ${version}, not ${LATFORMER_VERSION}`);
  return new Session();
}
