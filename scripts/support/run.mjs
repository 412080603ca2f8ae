// Programs: run one, keep what it prints in a log, and show the end of that when it fails.
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { logs, root } from './paths.mjs';
import { Failure } from './steps.mjs';

const tailLines = 40;

/** Milliseconds of a program of tests: what hangs must fail, and the other stages still have their turn. */
export const longest = 1_200_000;

// Whoever stops this stops what it has started, too: a number below 0 is a group of processes.
const running = new Set();
function stop(id, signal) {
  try {
    process.kill(id, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error; // it has just ended by itself
  }
}
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
]) {
  process.on(signal, () => {
    for (const id of running) stop(id, 'SIGTERM');
    process.exit(code);
  });
}

/**
 * Runs a program to its end.
 * @param options log: name of the log in build/logs; onLine: called for each line of its output; check: false returns
 *   an exit code other than 0 instead of failing; timeout: milliseconds after which it is stopped
 * @returns {Promise<{ok: boolean, code: number | string, output: string}>} output: its last lines
 */
export function run(command, args, { cwd = root, env = {}, log, onLine, check = true, timeout = 0 } = {}) {
  return new Promise((resolve, reject) => {
    let file = null;
    if (log) {
      mkdirSync(logs, { recursive: true });
      file = createWriteStream(join(logs, `${log}.log`));
    }
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: timeout > 0, // so that it can be stopped with all that it has started
    });
    const id = timeout > 0 ? -child.pid : child.pid;
    const timer = timeout > 0 ? setTimeout(() => stop(id, 'SIGKILL'), timeout) : undefined;
    if (child.pid !== undefined) running.add(id);
    const tail = [];
    const take = (line) => {
      file?.write(`${line}\n`);
      tail.push(line);
      if (tail.length > tailLines) tail.shift();
      onLine?.(line);
    };
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', take);
    child.on('error', (error) => reject(new Failure(`${command} does not start: ${error.message}`)));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      running.delete(id);
      file?.end();
      const output = tail.join('\n');
      if (code === 0 || !check) return resolve({ ok: code === 0, code: code ?? signal, output });
      const where = log ? `\nAll of it: ${relative(root, join(logs, `${log}.log`))}` : '';
      const what = [command, ...args].join(' ');
      reject(new Failure(`${what}\nended with ${signal ?? `exit code ${code}`}\n\n${output}\n${where}`));
    });
  });
}
