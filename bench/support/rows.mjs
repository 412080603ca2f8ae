// Rows of tab-separated files with a header, as data sets come.
import { readFileSync } from 'node:fs';
import { Failure } from '../../scripts/support/steps.mjs';

/** The first `limit` rows, as objects of these columns. */
export function rowsOf(file, columns, limit = Infinity) {
  const [header, ...lines] = readFileSync(file, 'utf8').trimEnd().split(/\r?\n/);
  const names = header.split('\t');
  for (const column of columns) {
    if (!names.includes(column)) throw new Failure(`${file}: there is no column ${column}`);
  }
  return lines.slice(0, limit).map((line) => {
    const fields = line.split('\t');
    return Object.fromEntries(columns.map((column) => [column, fields[names.indexOf(column)]]));
  });
}
