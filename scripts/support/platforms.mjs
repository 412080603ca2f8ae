// The platforms that a native addon is made for: the fields by which npm picks a package, and the preset that builds it here, if
// one does. The others are built on machines of their own (.github/workflows/packages.yml).
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';

const glibc = { os: 'linux', libc: 'glibc' };
const musl = { os: 'linux', libc: 'musl' };

export const platforms = {
  'linux-x64-gnu': { ...glibc, cpu: 'x64' },
  'linux-arm64-gnu': { ...glibc, cpu: 'arm64' },
  'linux-x64-musl': { ...musl, cpu: 'x64' },
  'linux-arm64-musl': { ...musl, cpu: 'arm64' },
  'darwin-x64': { os: 'darwin', cpu: 'x64' },
  'darwin-arm64': { os: 'darwin', cpu: 'arm64' },
  'win32-x64': { os: 'win32', cpu: 'x64' },
};

/** The platform that this runs on. */
export const ownPlatform = `${process.platform}-${process.arch}${process.platform === 'linux' ? '-gnu' : ''}`;

const built = (preset) => join(root, 'build', preset, 'bindings/addon/latformer.node');

/** The addon of a platform: among `addons` (a folder with one subfolder for each), or as built here; undefined for none. */
export function addonOf(platform, addons) {
  const places = [
    ...(addons === undefined ? [] : [join(addons, platform, 'latformer.node')]),
    ...(platform === ownPlatform ? [built('release')] : []),
    ...(platform === 'linux-arm64-gnu' && platform !== ownPlatform ? [built('arm64')] : []),
  ];
  return places.find((path) => existsSync(path));
}
