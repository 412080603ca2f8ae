// npm's packages by the lock file, and a second version of Node to test on.
import { existsSync, lstatSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, toolchain } from '../support/paths.mjs';
import { run } from '../support/run.mjs';
import { emptyPartial, hash, putInPlace, stamp, stamped, unstamp } from '../support/stamp.mjs';
import { Failure, step } from '../support/steps.mjs';

const npm = (args, options) =>
  process.env.npm_execpath
    ? run(process.execPath, [process.env.npm_execpath, ...args], options)
    : run('npm', args, options);

export async function setUpPackages() {
  await step('npm packages', async () => {
    // npm ci empties the folder first, through a link as well: then it would be that of another checkout.
    const packages = join(root, 'node_modules');
    if (lstatSync(packages, { throwIfNoEntry: false })?.isSymbolicLink()) return 'those of another checkout';
    const key = hash([], [join(root, 'package-lock.json')]);
    if (stamped('npm', key) && existsSync(packages)) return 'there';
    unstamp('npm');
    await npm(['ci', '--no-audit', '--no-fund'], { log: 'npm' });
    stamp('npm', key);
    return 'by the lock file';
  });
}

const newer = '24.21.0';
const older = '18.20.8'; // one that the package does not run in
const folderOf = (version) => join(toolchain, `node-${version}`);
const pathOf = (version) => join(folderOf(version), 'bin', 'node');

/** Versions of Node to test on: the one that runs this, and a newer one. */
export const nodes = () => [
  { version: process.versions.node, path: process.execPath },
  ...(existsSync(folderOf(newer)) ? [{ version: newer, path: pathOf(newer) }] : []),
];

/** A Node that is too old. */
export const tooOldNode = () => pathOf(older);

/** Puts a Node into `folder`, from npm, which by itself takes none for another processor. */
async function setUpNode(version, folder = folderOf(version), arch = process.arch) {
  const isForeign = arch !== process.arch;
  await step(`Node ${version}${isForeign ? ` for ${arch}` : ''} beside ${process.versions.node}`, async () => {
    if (existsSync(folder)) return 'there';
    if (!isForeign && process.versions.node.split('.')[0] === version.split('.')[0]) return 'not needed';
    const partial = emptyPartial(folder);
    const name = `node-${process.platform}-${arch}`;
    const flags = ['--no-save', '--no-audit', '--no-fund', ...(isForeign ? ['--force'] : []), '--prefix', partial];
    await npm(['install', ...flags, `${name}@${version}`], { log: 'node' });
    const from = join(partial, 'node_modules', name);
    const { version: given } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'));
    if (given.replace(/^v/, '') !== version) throw new Failure(`npm gave ${name} ${given} instead of ${version}.`);
    putInPlace(from, folder);
    rmSync(partial, { recursive: true });
  });
}

export const setUpNewerNode = () => setUpNode(newer);

const armFolder = join(toolchain, `node-${newer}-arm64`);

/** One for 64-bit ARM, to run under qemu. */
export const armNode = () => join(armFolder, 'bin', 'node');
export const setUpArmNode = () => setUpNode(newer, armFolder, 'arm64');
export const setUpTooOldNode = () => setUpNode(older);
