// From docs/performance.csv: the tables of docs/performance.md, the README's, and the chart. No number is typed by hand.
//
//   npm run bench:report [-- FILE.csv]
//
// What is made stands between <!-- bench --> and <!-- /bench -->; everything else is left as it is.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/support/paths.mjs';
import { Failure, main } from '../../scripts/support/steps.mjs';
import { latencyChart } from './chart.mjs';
import { partsOf, readResults } from '../support/results.mjs';
import { markdownTable } from '../support/table.mjs';
import { headline, tablesOf } from './tables.mjs';

function replaceBetween(path, text) {
  const parts = readFileSync(path, 'utf8').split(/(?<=<!-- bench -->\n)[^]*(?=<!-- \/bench -->)/);
  if (parts.length !== 2) throw new Failure(`${path} has no place between <!-- bench --> and <!-- /bench -->`);
  writeFileSync(path, `${parts[0]}\n${text}\n\n${parts[1]}`);
}

function report() {
  const csv = process.argv[2] ?? join(root, 'docs/performance.csv');
  const rows = readResults(csv);
  if (rows.length === 0) throw new Failure(`${csv} holds no results; npm run bench -- DIR... --csv ${csv} makes them`);
  const ofMachine = (machine) => rows.filter((row) => row.machine === machine);
  const sections = partsOf(rows).flatMap((part) => tablesOf(part, { brief: true, all: ofMachine(part[0].machine) }));
  const performance = [
    '![Milliseconds by tokens, beside other libraries](performance.svg)',
    ...sections.map((table) => `**${table.title}**\n\n${markdownTable(table)}`),
  ].join('\n\n');
  const documents = { 'docs/performance.md': performance, 'README.md': markdownTable(headline(ofMachine(undefined))) };
  for (const [path, text] of Object.entries(documents)) replaceBetween(join(root, path), text);
  writeFileSync(join(root, 'docs/performance.svg'), latencyChart(ofMachine(undefined)));
  console.log(`${sections.length} tables and the chart, from ${csv}`);
}

await main(report);
