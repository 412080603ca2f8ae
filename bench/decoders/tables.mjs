// Files that `bench_decoders --csv` wrote -> tables of what a speedup costs and gives, each number with its standard error.
//
//   node bench/decoders/tables.mjs FILE.csv... [--write]
//
// Only prompts that every arm has read count, so files of runs that have not ended give fair tables, too. --write puts them
// between <!-- decoders --> and <!-- /decoders --> of docs/decoders.md; everything else is left as it is.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/support/paths.mjs';
import { Failure, main } from '../../scripts/support/steps.mjs';
import { markdownTable } from '../support/table.mjs';

const unique = (values) => [...new Set(values)];
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const errorOf = (values) => {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)) / Math.max(values.length - 1, 1));
};

function readCsv(path) {
  const [head, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
  const names = head.split(',');
  return lines
    .map((line) => line.split(','))
    .filter((fields) => fields.length === names.length)
    .map((fields) =>
      Object.fromEntries(
        names.map((name, i) => [name, Number.isNaN(Number(fields[i])) ? fields[i] : Number(fields[i])]),
      ),
    );
}

/** Rows in groups of the same `names`, in the order of the first of each. */
function groups(rows, ...names) {
  const found = new Map();
  for (const row of rows) {
    const key = names.map((name) => row[name]).join();
    found.set(key, [...(found.get(key) ?? []), row]);
  }
  return [...found.values()];
}

/** Those of the items that every arm has at every speedup. */
function complete(rows) {
  const items = groups(rows, 'item');
  const most = Math.max(...items.map((item) => item.length));
  return items.filter((item) => item.length === most).flat();
}

const names = {
  whole: 'the whole prompt',
  profile: 'as the profile says',
  sentences: 'sentences',
  cut: 'cut',
};
function nameOf(arm) {
  const [score, place] = arm.split('@');
  if (place === undefined) return names[arm] ?? arm;
  const name = { recent: 'most recent', h2o: 'H2O', largest_head: 'largest head' }[score] ?? score;
  return place.endsWith('+') ? `${name}, from layer ${parseInt(place, 10)} on` : `${name}, in layer ${place}`;
}

const dtypes = { fp32: 'f32', q8: 'int8', q4: '4 bits' };
const armsOf = (rows) => unique(rows.map(({ arm }) => arm)).filter((arm) => arm !== 'whole');
const speedupsOf = (rows) =>
  unique(rows.map(({ speedup }) => speedup))
    .filter((speedup) => speedup > 1)
    .sort((a, b) => a - b);

function perplexityTables(all) {
  return groups(all, 'text', 'dtype', 'prompt').flatMap((given) => {
    const rows = complete(given);
    const { text, dtype, prompt, tokens } = rows[0];
    const speedups = speedupsOf(rows);
    const whole = new Map(rows.filter(({ arm }) => arm === 'whole').map((row) => [row.item, row]));
    return [
      [64, 'loss_of_64'],
      [tokens, 'loss_of_all'],
    ]
      .filter(([count], index) => index === 0 || count > 64)
      .map(([count, field]) => {
        const plain = Math.exp(mean([...whole.values()].map((row) => row[field])));
        return {
          title:
            `${text}, ${dtypes[dtype]}: perplexity of ${count} tokens behind prompts of ${prompt}, over that behind whole ` +
            `prompts (${plain.toFixed(2)}); ${whole.size} prompts`,
          head: ['', ...speedups.map((speedup) => `${speedup}x`)],
          rows: armsOf(rows).map((arm) => [
            nameOf(arm),
            ...speedups.map((speedup) => {
              const here = rows.filter((row) => row.arm === arm && row.speedup === speedup);
              const off = here.map((row) => row[field] - whole.get(row.item)[field]);
              const ratio = Math.exp(mean(off));
              return `${ratio.toFixed(3)} ± ${(ratio * errorOf(off)).toFixed(3)}`;
            }),
          ]),
        };
      });
  });
}

function recallTables(all) {
  return groups(all, 'text', 'dtype').map((given) => {
    const rows = complete(given);
    const parts = unique(rows.map(({ part }) => part)).sort();
    const items = unique(rows.map(({ item }) => item)).length;
    const tokens = rows.map((row) => row.tokens);
    const share = (here) => {
      const p = mean(here.map(({ right }) => right));
      return `${(100 * p).toFixed(0)} ± ${(100 * Math.sqrt((p * (1 - p)) / here.length)).toFixed(0)}`;
    };
    return {
      title:
        `Recall, ${dtypes[rows[0].dtype]}: how often the likeliest of twelve answers is the right one, %; ${items} items of ` +
        `${Math.min(...tokens)} to ${Math.max(...tokens)} tokens`,
      head: [
        '',
        'speedup',
        'all',
        ...parts.map(
          (part) =>
            `${part.replace(';', ',')} (${unique(rows.filter((row) => row.part === part).map(({ item }) => item)).length})`,
        ),
      ],
      rows: groups(rows, 'arm', 'speedup').map((here) => [
        nameOf(here[0].arm),
        String(here[0].speedup),
        share(here),
        ...parts.map((part) => share(here.filter((row) => row.part === part))),
      ]),
    };
  });
}

function speedTables(all) {
  return groups(all, 'kernels', 'threads', 'dtype', 'prompt').map((given) => {
    const rows = complete(given);
    const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
    const { kernels, threads, dtype, prompt } = rows[0];
    const whole = rows.filter(({ arm }) => arm === 'whole');
    const plain = median(whole.map(({ ms }) => ms));
    return {
      title: `${prompt} prompt tokens, ${dtypes[dtype]}, threads: ${threads}, ${kernels.split(' (')[0]}; medians of ${whole.length}`,
      head: ['', 'speedup', 'ms to the first token', 'sooner', 'tokens/s', 'cache MB'],
      rows: groups(rows, 'arm', 'speedup').map((here) => {
        const first = median(here.map(({ ms }) => ms));
        return [
          nameOf(here[0].arm),
          String(here[0].speedup),
          first.toFixed(1),
          `${(plain / first).toFixed(2)}x`,
          median(here.map(({ tokens_per_second }) => tokens_per_second)).toFixed(1),
          (here[0].cache_bytes / 2 ** 20).toFixed(1),
        ];
      }),
    };
  });
}

function tablesOf(path) {
  const rows = readCsv(path);
  if (rows.length === 0) throw new Failure(`${path} holds no results`);
  if ('loss_of_64' in rows[0]) return perplexityTables(rows);
  if ('right' in rows[0]) return recallTables(rows);
  if ('tokens_per_second' in rows[0]) return speedTables(rows);
  throw new Failure(`${path} was not written by bench_decoders`);
}

function report() {
  const paths = process.argv.slice(2).filter((argument) => argument !== '--write');
  if (paths.length === 0) throw new Failure('usage: node bench/decoders/tables.mjs FILE.csv... [--write]');
  const text = paths
    .flatMap(tablesOf)
    .map((table) => `**${table.title}**\n\n${markdownTable(table)}`)
    .join('\n\n');
  if (!process.argv.includes('--write')) return console.log(text);
  const document = join(root, 'docs/decoders.md');
  const parts = readFileSync(document, 'utf8').split(/(?<=<!-- decoders -->\n)[^]*(?=<!-- \/decoders -->)/);
  if (parts.length !== 2)
    throw new Failure(`${document} has no place between <!-- decoders --> and <!-- /decoders -->`);
  return writeFileSync(document, `${parts[0]}\n${text}\n\n${parts[1]}`);
}

await main(report);
