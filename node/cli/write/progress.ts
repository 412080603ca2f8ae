// A line on stderr that tells how far a long run is. It is shown on a terminal only.
//
//   ███████▏            37 %  12,400 texts  215 texts/s  1:24 left
const drawEvery = 100; // milliseconds
const maxBarWidth = 20;

/** A bar and its percentage in front of `text`; the bar gets what room the terminal has. */
function withBar(share: number, text: string): string {
  const behind = ` ${String(Math.floor(100 * share)).padStart(3)} %  ${text}`;
  const width = Math.min(Math.max((process.stderr.columns ?? 80) - 1 - behind.length, 0), maxBarWidth);
  const eighths = Math.round(Math.min(Math.max(share, 0), 1) * width * 8);
  const bar = '█'.repeat(eighths >> 3) + (['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths & 7] ?? '');
  return bar.padEnd(width) + behind;
}

function clock(seconds: number): string {
  const whole = Math.ceil(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

let isDrawn = false; // there is one stderr, and so one line
let drawnAt = -Infinity;

function draw(line: string): void {
  process.stderr.write(`\r${line.slice(0, (process.stderr.columns ?? 80) - 1)}\x1b[K`);
  isDrawn = true;
  drawnAt = performance.now();
}

/** Clears the line; to be called before anything else is written to the terminal. */
export function hideProgress(): void {
  if (!isDrawn) return;
  process.stderr.write('\r\x1b[K');
  isDrawn = false;
  drawnAt = -Infinity;
}

export class Progress {
  readonly #isShown = process.stderr.isTTY === true && process.env['TERM'] !== 'dumb';
  readonly #started = performance.now();

  /** `share` of the whole that is done, from 0 to 1; undefined if the whole is not known. */
  update(texts: number, share: number | undefined): void {
    if (!this.#isDue()) return;
    const seconds = (performance.now() - this.#started) / 1000;
    const rate = texts / seconds;
    const counts = `${texts.toLocaleString('en')} texts  ${rate.toFixed(rate < 10 ? 1 : 0)} texts/s`;
    if (share === undefined) return draw(counts);
    const left = share > 0 ? `  ${clock((seconds * (1 - share)) / share)} left` : '';
    return draw(withBar(share, counts + left));
  }

  /** A model on its way in. */
  loading(share: number): void {
    if (!this.#isDue() || performance.now() - this.#started < 500) return; // most models are there at once
    draw(withBar(share, 'loading the model'));
  }

  #isDue(): boolean {
    return this.#isShown && performance.now() - drawnAt >= drawEvery;
  }
}
