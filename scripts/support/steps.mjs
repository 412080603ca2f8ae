// Steps: each is shown with how long it took; on a terminal also while it runs.

/** An error whose message says all there is to say: shown without a stack. */
export class Failure extends Error {}

const terminal = process.stdout.isTTY === true;
const colour = terminal && !process.env.NO_COLOR;
const paint = (code) => (text) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);
export const bold = paint(1);
export const dim = paint(2);
export const red = paint(31);
export const green = paint(32);

/** 0.3 s, 12.0 s, 3 min 20 s */
export function duration(milliseconds) {
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

const quietFor = 20_000; // where there is no terminal: how often a step that goes on says so

/** One line that says what is under way. */
class Progress {
  #title;
  #text = '';
  #started = performance.now();
  #said = performance.now();
  #timer;

  constructor(title) {
    this.#title = title;
    this.#timer = setInterval(() => this.#show(), terminal ? 250 : quietFor).unref();
  }

  update(text) {
    this.#text = text;
  }

  /** A line of its own, above the one that moves. */
  say(line) {
    if (terminal) process.stdout.write('\r\x1b[K');
    process.stdout.write(`${line}\n`);
  }

  get elapsed() {
    return performance.now() - this.#started;
  }

  #show() {
    const line = `  ${this.#title}${this.#text ? `: ${this.#text}` : ''}`;
    const time = duration(this.elapsed);
    if (terminal) {
      const room = (process.stdout.columns || 80) - time.length - 3;
      process.stdout.write(`\r\x1b[K${line.slice(0, room)}  ${dim(time)}`);
    } else if (performance.now() - this.#said >= quietFor - 100) {
      this.#said = performance.now();
      process.stdout.write(`${line}  (${time} so far)\n`);
    }
  }

  end(mark, note) {
    clearInterval(this.#timer);
    this.say(`${mark} ${this.#title}${note ? dim(` (${note})`) : ''}  ${dim(duration(this.elapsed))}`);
  }
}

/** Runs `work(progress)` as a step; a text that it returns is shown behind the title, anything else is handed on. */
export async function step(title, work) {
  const progress = new Progress(title);
  try {
    const result = await work(progress);
    progress.end(green('✓'), typeof result === 'string' ? result : '');
    return result;
  } catch (error) {
    progress.end(red('✗'), '');
    throw error;
  }
}

/** Runs a script's main function; a failure ends it with a plain message and exit code 1. */
export async function main(work) {
  try {
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    console.error(`\n${red('Cannot go on:')} ${error.message}`);
    process.exitCode = 1;
  }
}
