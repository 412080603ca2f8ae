// Runs the built `latformer` command as a user does, against small models in a folder of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { tinyModel } from './tiny_model.mjs';

export const command = fileURLToPath(new URL('../../../dist/cli.mjs', import.meta.url));

/** Starts `latformer ...args`; `.stdout` and `.stderr` gather what it says, `.exit` resolves to its exit code. */
export function start(args, { nodeArgs = [], ...options } = {}) {
  const limit = { timeout: 120_000, killSignal: 'SIGKILL' }; // what hangs is an exit code that no test expects
  const child = spawn(process.execPath, [...nodeArgs, command, ...args], { ...limit, ...options });
  const running = { child, stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => (running[name] += text));
  }
  child.stdin.on('error', () => undefined); // it may end before it has read everything
  running.exit = once(child, 'close').then(([code, signal]) => signal ?? code);
  return running;
}

/** Runs it to its end, with `input` on its standard input. */
export async function latformer(args, input = '', options = {}) {
  const running = start(args, options);
  running.child.stdin.end(input);
  const code = await running.exit;
  return { code, stdout: running.stdout, stderr: running.stderr };
}

export const parseLines = (text) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

/** A scratch folder for one test file; write(name, content) gives the path. */
export async function scratch() {
  const folder = await mkdtemp(join(tmpdir(), 'latformer-cli-'));
  after(() => rm(folder, { recursive: true, force: true }));
  const write = async (name, content) => {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  };
  const writeModel = async (name, options) => {
    await mkdir(join(folder, name));
    for (const [file, content] of Object.entries(tinyModel(options))) await write(join(name, file), content);
    return join(folder, name);
  };
  return { folder, write, writeModel };
}
