#!/usr/bin/env node
// The `latformer` command: picks the subcommand, and turns every way to end into an exit code.
//
//   0 done    1 bad input    2 misuse    130 interrupted (SIGINT)
//
// A reader that goes away (`| head`) is no error.
import { readFile } from 'node:fs/promises';
import { classify } from './commands/classify.js';
import { embed } from './commands/embed.js';
import type { Command } from './command.js';
import { printable } from './write/display.js';
import { Failure, badInput, exitCode, failureOf, misuse } from './failure.js';
import { generate } from './commands/generate.js';
import { inspect } from './commands/inspect.js';
import { rank } from './commands/rank.js';
import { flushed, print } from './write/output.js';
import { hideProgress } from './write/progress.js';
import { sweep } from './commands/sweep.js';

const commands = new Map<string, Command>(Object.entries({ classify, embed, rank, generate, sweep, inspect }));

const help = `Usage: latformer COMMAND [options]

Runs transformers as fast as you ask for: classifies, embeds and ranks texts, and goes on from prompts.

${[...commands].map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`).join('\n')}

  -h, --help      this text; of a command: latformer COMMAND --help
  -v, --version   the version of latformer

  echo "A joy from start to finish." | latformer classify --speedup 4.8
`;

async function version(): Promise<string> {
  const text = await readFile(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

async function run([name, ...args]: string[], signal: AbortSignal): Promise<void> {
  if (name === '--help' || name === '-h') return print(help);
  if (name === '--version' || name === '-v') return print(`${await version()}\n`);
  if (name === undefined) throw misuse(`a command is needed: ${[...commands.keys()].join(', ')}`);
  const command = commands.get(name);
  if (command === undefined) throw misuse(`unknown ${name.startsWith('-') ? 'option' : 'command'} '${name}'`);

  const end = args.indexOf('--');
  const beforeEnd = end < 0 ? args : args.slice(0, end);
  if (beforeEnd.includes('--help') || beforeEnd.includes('-h')) return print(command.help);
  return command.run(args, signal);
}

/** What is left to say about an error, and the exit code. */
function report(error: unknown, command: string | undefined): number {
  hideProgress();
  const failure = failureOf(error);
  if (!(failure instanceof Failure)) {
    process.stderr.write(`latformer: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return exitCode.badInput;
  }
  if (failure.message !== '') process.stderr.write(`latformer: ${printable(failure.message)}\n`);
  if (failure.exitCode === exitCode.misuse) {
    process.stderr.write(`See: latformer ${commands.has(command ?? '') ? `${command} ` : ''}--help\n`);
  }
  return failure.exitCode;
}

// The work ends early where nobody reads on, nothing can be written, or SIGINT comes: from then on nothing is written.
const early = new AbortController();
const ended = new Promise<never>((_, reject) => {
  early.signal.addEventListener('abort', () => reject(early.signal.reason as Failure));
});
ended.catch(() => undefined); // it may end early when all is done
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  const isUnread = error.code === 'EPIPE';
  early.abort(isUnread ? new Failure('', exitCode.done) : badInput(`cannot write the results: ${error.message}`));
});
process.stderr.on('error', () => undefined); // nobody listens
process.once('SIGINT', () => early.abort(new Failure('', exitCode.interrupted))); // a second one ends the process at once

const args = process.argv.slice(2);
process.exitCode = exitCode.done;
try {
  await Promise.race([run(args, early.signal), ended]);
} catch (error) {
  process.exitCode = report(error, args[0]);
}
await flushed();
// Not process.exit(): while V8 compiles what has just become hot, that can wait for ever (nodejs/node#54918). What is left of
// work that ended early holds nobody up for longer than this.
process.stdin.destroy();
setTimeout(() => process.exit(), 1000).unref();
