// The sources of others, as third_party/sources.json pins them: from their repositories where these can be reached, else
// from Debian's source packages. CMake finds them in .toolchain/sources (see third_party/CMakeLists.txt).
import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { findProgram, root, toolchain } from '../support/paths.mjs';
import { run } from '../support/run.mjs';
import { emptyPartial, putInPlace, stamp, stamped } from '../support/stamp.mjs';
import { Failure, step } from '../support/steps.mjs';
import { debianArchive, downloadFromArchive } from './debian.mjs';

const folder = join(toolchain, 'sources');
const override = (name) => `FETCHCONTENT_SOURCE_DIR_${name.toUpperCase()}`;

/** What is needed: [Debian's name of the package, whether it is here]. */
export const needs = () => [['git', () => findProgram('git')]];

const patience = 5000; // milliseconds for a first answer

const git = (args, options) =>
  run('git', ['-c', 'http.lowSpeedLimit=1000', '-c', 'http.lowSpeedTime=20', ...args], {
    env: { GIT_TERMINAL_PROMPT: '0' },
    ...options,
  });

const answers = async (repository) =>
  (await git(['ls-remote', '--quiet', repository, 'HEAD'], { check: false, timeout: patience })).ok;

/** One commit without its history; git itself checks that it is that commit. Returns the folder of the sources. */
async function cloneCommit({ repository, commit }, destination) {
  const options = { cwd: destination };
  await git(['init', '--quiet'], options);
  await git(['fetch', '--quiet', '--depth', '1', repository, commit], options);
  await git(['-c', 'advice.detachedHead=false', 'checkout', '--quiet', 'FETCH_HEAD'], options);
  return destination;
}

/** The same from Debian's archive, checked by its hash. */
async function unpackFromDebian({ debian, sha256 }, destination) {
  const archive = join(toolchain, 'downloads', basename(debian));
  mkdirSync(join(toolchain, 'downloads'), { recursive: true });
  await downloadFromArchive(debian, archive, sha256);
  await run('tar', ['-x', '-f', archive, '-C', destination]);
  rmSync(archive);
  const names = readdirSync(destination); // some archives hold one folder with everything in it, some everything as it is
  return names.length === 1 ? join(destination, names[0]) : destination;
}

export async function setUpSources() {
  const pins = Object.entries(JSON.parse(readFileSync(join(root, 'third_party', 'sources.json'), 'utf8')));
  const missing = pins.filter(
    ([name, { commit }]) => !process.env[override(name)] && !stamped(`source-${name}`, commit),
  );
  await step('Sources of other projects', async (progress) => {
    if (missing.length === 0) return 'there';
    progress.update('asking GitHub');
    const online = await answers(missing[0][1].repository);
    if (!online && !debianArchive()) {
      throw new Failure(
        `GitHub does not answer, and this is no Debian whose archive could take its place. Get these and name their folders:\n\n` +
          missing.map(([name, pin]) => `  ${override(name)}=<${pin.repository} at ${pin.commit}>`).join('\n'),
      );
    }
    for (const [name, pin] of missing) {
      progress.update(name);
      const destination = join(folder, name);
      const partial = emptyPartial(destination);
      putInPlace(await (online ? cloneCommit : unpackFromDebian)(pin, partial), destination);
      rmSync(partial, { recursive: true, force: true });
      stamp(`source-${name}`, pin.commit);
    }
    return `${missing.map(([name]) => name).join(', ')} from ${online ? 'GitHub' : "Debian's source packages"}`;
  });
}
