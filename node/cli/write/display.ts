// Text for people: safe on a terminal, cut to a width, in aligned columns.

// Control and format characters that could move the cursor, recolour or reorder what stands around them.
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu;
const blanks = /\s+/gu;

/** On one line, without control characters. */
export const printable = (text: string): string => text.replace(unprintable, ' ').replace(blanks, ' ').trim();

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const wide =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\ufe0f\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]/u;

/** `text` as printable, cut with an ellipsis to fit into `columns` places of a terminal. */
export function clip(text: string, columns: number): string {
  // White space may shrink, so a generous first cut keeps a huge text from being read whole.
  const line = printable(text.slice(0, 16 * columns + 256));
  let used = 0;
  let fits = 0; // units of the longest part that leaves a place for the ellipsis
  for (const { segment, index } of graphemes.segment(line)) {
    used += wide.test(segment) ? 2 : 1;
    if (used > columns) return `${line.slice(0, fits)}…`;
    if (used < columns) fits = index + segment.length;
  }
  return line;
}

/** Rows under a header, every column as wide as its widest cell; the first `left` columns to the left, others right. */
export function alignedTable(rows: readonly (readonly string[])[], left = 0): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, cell.length)));
  }
  const line = (row: readonly string[]) =>
    row.map((cell, column) => (column < left ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)));
  return rows.map((row) => `${line(row).join('  ').trimEnd()}\n`).join('');
}

/** 22713601 -> 22.7 M */
export function shortNumber(value: number): string {
  const units = ['', ' k', ' M', ' G', ' T'];
  let unit = 0;
  while (value >= 999.5 && unit + 1 < units.length) {
    value /= 1000;
    ++unit;
  }
  return `${unit === 0 ? String(value) : value.toPrecision(3)}${units[unit]}`;
}

export const megabytes = (bytes: number): string =>
  bytes < 1e5 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
