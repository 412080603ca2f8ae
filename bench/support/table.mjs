/** Rows of texts as one text with columns; `alignment` has an l or r for each. */
export function table(rows, alignment = 'l'.padEnd(rows[0].length, 'r')) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const pad = (cell, i) => (alignment[i] === 'l' ? cell.padEnd(widths[i]) : cell.padStart(widths[i]));
  return rows.map((row) => row.map(pad).join('  ').trimEnd()).join('\n');
}

/** A table { head, rows } as Markdown. */
export function markdownTable({ head, rows }) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}
