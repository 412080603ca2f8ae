// Debian: getting what is missing of what the other files here need; downloads from its archive without touching the system.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../support/paths.mjs';
import { run } from '../support/run.mjs';
import { Failure } from '../support/steps.mjs';

/** The names of those of `needs` that are not here: [Debian's name of the package, whether it is here]. */
export function missingPackages(needs) {
  return [...new Set(needs.flatMap(([name, found]) => (found() ? [] : [name])))];
}

/** Installs packages, or says how to. */
export async function installPackages(names, progress) {
  const command = `apt-get install --no-install-recommends ${names.join(' ')}`;
  if (!findProgram('apt-get')) {
    throw new Failure(`these are missing: ${names.join(', ')} (Debian's names). Install them, then run this again.`);
  }
  if (process.getuid() !== 0) {
    throw new Failure(
      `these Debian packages are missing: ${names.join(', ')}. Run this, then try again:\n\n  sudo ${command}`,
    );
  }
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args) =>
    run('apt-get', ['-y', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3', ...args], {
      env,
      log: 'apt',
      check: false,
      onLine: (line) => progress.update(line),
    });
  const install = () => apt('install', '--no-install-recommends', ...names);
  let result = await install();
  if (!result.ok) {
    // On a fresh machine apt does not know any package yet, or an index is out of date.
    await apt('update');
    result = await install();
  }
  if (!result.ok) {
    throw new Failure(`this failed:\n\n  ${command}\n\n${result.output}\n\nInstall them by hand, then run this again.`);
  }
}

const ordinarySuite = /^(stable|testing|unstable|sid|buster|bullseye|bookworm|trixie|forky|duke)$/;

/** The sources in apt's files, in both of their formats, as {uri, suites, components}. */
function aptSources() {
  const folder = '/etc/apt/sources.list.d';
  const paths = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  const sources = [];
  for (const path of [...paths, '/etc/apt/sources.list'].filter((path) => existsSync(path))) {
    const lines = readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => !line.startsWith('#'));
    if (path.endsWith('.sources')) {
      for (const stanza of lines.join('\n').split(/\n\s*\n/)) {
        const unfolded = stanza.replace(/\n\s+/g, ' ');
        const field = (name) => new RegExp(`^${name}:\\s*(.*)$`, 'im').exec(unfolded)?.[1].trim().split(/\s+/) ?? [];
        if (field('Enabled')[0]?.toLowerCase() === 'no' || !field('Types').includes('deb')) continue;
        for (const uri of field('URIs'))
          sources.push({ uri, suites: field('Suites'), components: field('Components') });
      }
    } else if (path.endsWith('.list')) {
      for (const line of lines) {
        const [, uri, suite, components] = /^deb\s+(?:\[.*?\]\s*)?(\S+)\s+(\S+)\s+(.*)$/.exec(line.trim()) ?? [];
        if (uri) sources.push({ uri, suites: [suite], components: components.split(/\s+/) });
      }
    }
  }
  return sources;
}

/** Where this machine gets Debian from, without a slash at its end; null when it is no Debian. */
export function debianArchive() {
  const isDebian = existsSync('/etc/os-release') && /^ID="?debian"?$/m.test(readFileSync('/etc/os-release', 'utf8'));
  if (!isDebian || !findProgram('apt-get')) return null;
  const source = aptSources().find(
    (s) => s.suites.some((suite) => ordinarySuite.test(suite)) && s.components.includes('main'),
  );
  return source?.uri.replace(/\/$/, '') ?? null;
}

/** Downloads one file of Debian's archive and checks its hash; one that is broken off goes on where it was. */
export async function downloadFromArchive(pathInArchive, destination, sha256) {
  const url = `${debianArchive()}/${pathInArchive.replaceAll('+', '%2b').replaceAll('~', '%7e')}`;
  await run('/usr/lib/apt/apt-helper', [
    '-o',
    'Acquire::Retries=3',
    'download-file',
    url,
    destination,
    `SHA256:${sha256}`,
  ]);
}
