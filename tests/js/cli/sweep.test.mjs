// latformer sweep: what it measures, on texts whose labels are known because the model itself gave them.
import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { pipeline } from 'latformer';
import { latformer, scratch } from '../support/cli.mjs';

const { folder, write, writeModel } = await scratch();
const model = await writeModel('model', { labels: ['dull', 'Fair', 'good'] });
const classify = await pipeline('text-classification', model);

const words = ['a', 'joy', 'from', 'start', 'to', 'finish', 'dull', 'film', 'the', 'good', 'bad', 'not'];
const texts = Array.from({ length: 60 }, (_, row) =>
  Array.from({ length: 8 + (row % 12) }, (_, at) => words[(row * row + at * (row + 1)) % words.length]).join(' '),
);
const truth = (await classify(texts)).map(({ label }) => label);
const data = await write(
  'dev.tsv',
  `sentence\tlabel\n${texts.map((text, row) => `${text}\t${truth[row]}\n`).join('')}`,
);

async function sweep(args, file = data) {
  const csv = join(folder, 'out.csv');
  const { code, stdout, stderr } = await latformer(['sweep', '--model', model, '--csv', csv, ...args, file]);
  assert.deepEqual([code, stderr], [0, '']);
  const [header, ...lines] = (await readFile(csv, 'utf8')).trimEnd().split('\n');
  const names = header.split(',');
  const rows = lines.map((line) => Object.fromEntries(line.split(',').map((cell, at) => [names[at], cell])));
  return { stdout, rows };
}

test('accuracy, MACs and time at each speedup', async () => {
  const { stdout, rows } = await sweep([]);
  assert.deepEqual(
    rows.map(({ speedup }) => speedup),
    ['1', '2', '3', '4.8'],
  );
  for (const row of rows) {
    const speedup = Number(row.speedup);
    const answers = await classify(texts, { speedup, stats: true });
    const right = answers.filter(({ label }, index) => label === truth[index]).length;
    const macs = answers.reduce((sum, { stats }) => sum + stats.macs, 0);
    assert.equal(Number(row.accuracy), right / texts.length);
    assert.equal(Number(row.mean_macs), macs / texts.length);
    assert.ok(Math.abs(Number(row.mac_speedup) / (rows[0].mean_macs / row.mean_macs) - 1) < 1e-9);
    assert.ok(Number(row.median_ms) > 0 && Number(row.mean_ms) > 0);
    assert.ok(Math.abs(Number(row.time_speedup) / (rows[0].mean_ms / row.mean_ms) - 1) < 1e-9);
    assert.deepEqual([row.file, row.texts], [data, '60']);
  }
  assert.equal(rows[0].accuracy, '1');
  assert.equal(rows[0].mac_speedup, '1');
  assert.ok(Number(rows[1].mac_speedup) >= 2); // so small a model cannot drop much more

  const [title, header, ...lines] = stdout.trimEnd().split('\n');
  assert.equal(title, `${data}: 60 texts`);
  assert.deepEqual(header.trim().split(/ {2,}/), [
    ...['speedup', 'accuracy', 'MACs', 'fewer MACs', 'median ms', 'mean ms', 'less time'],
  ]);
  assert.equal(lines.length, 4);
  assert.match(lines[0], /^ +1 +100\.0 % +[\d.]+ [kM]? +1\.00x +[\d.]+ +[\d.]+ +1\.00x$/);
  assert.equal(new Set([header, ...lines].map(({ length }) => length)).size, 1, 'aligned');
});

test('labels by name, in any case, and by number', async () => {
  const forms = [(label) => label, (label) => label.toUpperCase(), (label) => ['dull', 'Fair', 'good'].indexOf(label)];
  const lines = texts.map((text, row) => JSON.stringify({ text, label: forms[row % 3](truth[row]) }));
  const { rows } = await sweep(['--speedups', '1'], await write('labels.jsonl', lines.join('\n')));
  assert.deepEqual([rows.length, rows[0].accuracy], [1, '1']);

  const csv = texts.map((text, row) => `"${text}",${truth[row]}`);
  const named = await write('named.csv', `body,verdict\n${csv.join('\n')}`);
  const columns = ['--column', 'body', '--label-column', 'verdict', '--speedups', '1'];
  assert.equal((await sweep(columns, named)).rows[0].accuracy, '1');
});

test('pairs', async () => {
  const pairs = texts.map((text, row) => ({ text, text_pair: texts[(row + 1) % texts.length] }));
  const labels = (await classify(pairs)).map(({ label }) => label);
  const lines = pairs.map(({ text, text_pair }, row) => `${text}\t${text_pair}\t${labels[row]}`);
  const file = await write('pairs.tsv', `sentence1\tsentence2\tlabel\n${lines.join('\n')}`);
  const columns = ['--column', 'sentence1', '--pair-column', 'sentence2'];
  assert.equal((await sweep([...columns, '--speedups', '1'], file)).rows[0].accuracy, '1');
});

test('speedup 1 is always measured; speedups are sorted and told once', async () => {
  const { rows } = await sweep(['--speedups', '4, 2,2']);
  assert.deepEqual(
    rows.map(({ speedup }) => speedup),
    ['1', '2', '4'],
  );
});

test('--limit draws by --seed', async () => {
  const wrong = truth.map((label, row) => (row % 2 === 0 ? label : label === 'dull' ? 'good' : 'dull'));
  const file = await write(
    'half.tsv',
    `sentence\tlabel\n${texts.map((text, row) => `${text}\t${wrong[row]}\n`).join('')}`,
  );
  const accuracies = [];
  for (const seed of [1, 1, 2, 3, 4, 5]) {
    const { rows } = await sweep(['--limit', '20', '--seed', String(seed), '--speedups', '1'], file);
    assert.equal(rows[0].texts, '20');
    accuracies.push(rows[0].accuracy);
  }
  assert.equal(accuracies[0], accuracies[1]);
  assert.ok(new Set(accuracies).size > 1, 'another seed, another draw');
  const all = await sweep(['--limit', '1000', '--speedups', '1'], file);
  assert.deepEqual([all.rows[0].texts, all.rows[0].accuracy], ['60', '0.5']);
});

test('each file has its table', async () => {
  const other = await write('other, with comma.tsv', `sentence\tlabel\n${texts[0]}\t${truth[0]}\n`);
  const csv = join(folder, 'both.csv');
  const args = ['sweep', '--model', model, '--speedups', '2', '--csv', csv, data, other];
  const { code, stdout } = await latformer(args);
  assert.equal(code, 0);
  assert.deepEqual(stdout.match(/^.*: \d+ texts$/gm), [`${data}: 60 texts`, `${other}: 1 texts`]);
  const lines = (await readFile(csv, 'utf8')).trimEnd().split('\n');
  assert.equal(lines.length, 1 + 2 + 2);
  assert.ok(lines[4].startsWith(`"${other}",1,2,`));
});

test('whether the CSV file can be written is told before anything else', async () => {
  const outcome = async (csv) => {
    const { code, stderr } = await latformer(['sweep', '--model', join(folder, 'none'), '--csv', csv, data]);
    return `${code} ${stderr}`;
  };
  assert.match(await outcome(folder), /^1 .*cannot write .*: it is a folder/);
  assert.match(await outcome(join(folder, 'no/such/out.csv')), /^1 .*cannot write .*: there is no such file/);
  const before = await readdir(folder);
  assert.match(await outcome(join(folder, 'new.csv')), /^1 .*config\.json is missing/);
  assert.deepEqual(await readdir(folder), before, 'no empty file is left');
  const old = await write('old.csv', 'as it was\n');
  assert.match(await outcome(old), /^1 .*config\.json is missing/);
  assert.equal(await readFile(old, 'utf8'), 'as it was\n');
});

// Who may do everything is refused nothing.
test('files and folders that are read-only', { skip: process.getuid?.() === 0 }, async () => {
  const locked = join(folder, 'locked');
  await mkdir(locked);
  const open = await write('locked/open.csv', '');
  const closed = await write('closed.csv', '');
  await chmod(closed, 0o444);
  await chmod(locked, 0o555);
  try {
    const run = (csv) => latformer(['sweep', '--model', model, '--speedups', '1', '--csv', csv, data]);
    assert.equal((await run(open)).code, 0);
    assert.match((await run(closed)).stderr, /cannot write .*closed\.csv: permission denied/);
    assert.match((await run(join(locked, 'new.csv'))).stderr, /cannot write .*new\.csv: permission denied/);
  } finally {
    await chmod(locked, 0o755);
    await rm(locked, { recursive: true });
  }
});

test('bad input and misuse', async () => {
  const outcome = async (...args) => {
    const { code, stderr } = await latformer(['sweep', '--model', model, ...args]);
    return `${code} ${stderr}`;
  };
  assert.match(await outcome(), /^2 .*a FILE with labelled texts is needed/);
  assert.match(await outcome('--speedups', '1,x', data), /^2 .*--speedups must be a number of at least 1, not 'x'/);
  assert.match(await outcome('--speedups', '9', data), /^2 .*--speedups 9 is more than this model's maximum, 6/);
  assert.match(await outcome('--limit', '0', data), /^2 .*--limit/);
  assert.match(await outcome('--seed', '-1', data), /^2 /);
  assert.match(await outcome('--limit', '1e99', data), /^2 .*whole number/);
  assert.match(await outcome('--csv', join(folder, 'no/such/out.csv'), data), /^1 .*cannot write/);
  assert.match(await outcome(join(folder, 'none.tsv')), /^1 .*cannot read/);

  const unknown = await write('unknown.tsv', `sentence\tlabel\ngood\tgood\nbad\tterrible\n`);
  assert.match(
    await outcome(unknown),
    /^1 .*:3: the model has no label 'terrible'; it has 0 'dull', 1 'Fair', 2 'good'/,
  );
  const unlabelled = await write('unlabelled.csv', 'text\ngood\n');
  assert.match(await outcome(unlabelled), /^1 .*there is no column 'label'; available are 'text'/);
  const lines = await write('lines.txt', 'good\n');
  assert.match(await outcome(lines), /^2 .*lines of text.*--input-format/);
  const empty = await write('empty.tsv', 'sentence\tlabel\n');
  assert.match(await outcome(empty), /^1 .*there are no texts in it/);

  const regression = await writeModel('regression', { labels: ['stars'], config: { problem_type: 'regression' } });
  const { code, stderr } = await latformer(['sweep', '--model', regression, data]);
  assert.equal(code, 1);
  assert.match(stderr, /accuracy needs a model with labels/);
});
