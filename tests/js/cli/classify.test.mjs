// latformer classify: every input format, every way to end, and what a terminal sees.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { pipeline } from 'latformer';
import { command, latformer, parseLines, scratch, start } from '../support/cli.mjs';

const { folder, write, writeModel } = await scratch();
const model = await writeModel('model');
const withModel = ['classify', '--model', model];
const api = await pipeline('text-classification', model);

const texts = ['a joy from start to finish', 'dull', '', 'the film, not the "good" one', 'naïve 東京 🎬'];

/** Runs classify and checks that it says of `expected` what the API says, in order; resolves to the parsed lines. */
async function classifies(args, input, expected, options = {}, spawning = {}) {
  const { code, stdout, stderr } = await latformer([...withModel, ...args], input, spawning);
  assert.equal(stderr, '');
  assert.equal(code, 0);
  const lines = parseLines(stdout);
  const inputs = expected.map((each) => (typeof each === 'string' ? { text: each } : each));
  const answers = await api(inputs, options);
  assert.deepEqual(
    lines,
    inputs.map((each, index) => ({ ...each, ...answers[index] })),
  );
  return lines;
}

async function fails(args, input, code, message) {
  const result = await latformer(args, input);
  assert.match(result.stderr, message);
  assert.equal(result.code, code);
  assert.doesNotMatch(result.stderr, /\n\s+at /, 'no stack trace');
  return result;
}

test('help, version and misuse', async () => {
  const help = await latformer(['--help']);
  assert.equal(help.code, 0);
  for (const name of ['classify', 'embed', 'rank', 'sweep', 'inspect']) {
    assert.match(help.stdout, new RegExp(`^ {2}${name} `, 'm'));
    for (const flag of ['--help', '-h']) {
      const own = await latformer([name, flag]);
      assert.deepEqual([own.code, own.stderr], [0, '']);
      assert.match(own.stdout, new RegExp(`^Usage: latformer ${name} `));
    }
  }
  const { version } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8'));
  assert.deepEqual(await latformer(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' });

  await fails([], '', 2, /a command is needed/);
  await fails(['clasify'], '', 2, /unknown command 'clasify'/);
  await fails(['constructor'], '', 2, /unknown command/);
  await fails(['--frob'], '', 2, /unknown option '--frob'/);
  await fails(['classify', '--frob'], '', 2, /--frob.*\nSee: latformer classify --help/);
  for (const speedup of ['fast', '', 'NaN', 'Infinity', '0.5', '-2', '1e999']) {
    await fails(['classify', `--speedup=${speedup}`], '', 2, /--speedup must be a number of at least 1/);
  }
  await fails(['classify', '--speedup'], '', 2, /--speedup/);
  await fails(['classify', '--batch', '0'], '', 2, /--batch/);
  await fails(['classify', '--batch', '1.5'], '', 2, /whole number/);
  await fails(['classify', '--top-k', '-1'], '', 2, /top-k/);
  await fails(['classify', '--format', 'xml'], '', 2, /--format must be table or jsonl, not 'xml'/);
  await fails(['classify', '--input-format', 'xml'], '', 2, /--input-format must be text or csv/);
  await fails(['classify', '--long-text', 'all'], '', 2, /--long-text must be truncate or windows/);
  await fails(['classify', '--model', ''], '', 2, /--model needs a folder or URL/);
  await fails([...withModel, '--speedup', '7'], 'a', 2, /--speedup 7 is more than this model's maximum, 6/);
});

test('lines of text: one answer for each line, in order', async () => {
  const lines = `${texts.join('\n')}\n`;
  await classifies([], lines, texts);
  await classifies(['-'], lines, texts);
  await classifies([await write('lines.txt', lines)], '', texts);
  await classifies(['--speedup', '3', '--batch', '2'], lines, texts, { speedup: 3 });
  await classifies([], lines.slice(0, -1), texts); // no newline at the end
  await classifies([], lines.replaceAll('\n', '\r\n'), texts);
  await classifies([], `\ufeff${lines}`, texts);
  await classifies([], '', []);
  await classifies([], '\n', ['']);
  await classifies([], 'one\u2028line\u0085still one\n', ['one\u2028line\u0085still one']);
  await classifies([], Buffer.from([0x61, 0xff, 0x20, 0xe2, 0x82, 0x0a, 0xc3]), ['a\ufffd \ufffd', '\ufffd']);
  const many = Array.from({ length: 1000 }, (_, index) => `film ${index} ${'é'.repeat(index % 17)}`);
  await classifies([await write('many', many.join('\n'))], '', many);
});

test('several files are read one after the other', async () => {
  const one = await write('one.txt', 'good\n');
  const two = await write('two.csv', 'text\nbad\n');
  await classifies([one, '-', two], 'joy\n', ['good', 'joy', 'bad']);
});

const quoted = (text) => `"${text.replaceAll('"', '""')}"`;

test('CSV: quotes, line ends in fields, any split into parts', async () => {
  const csv =
    'id,text,stars\r\n1,plain,5\r\n2,"with, comma",4\r\n3,"two\r\nlines ""quoted""",3\r\n4,,2\r\n5,a "b" c,1\r\n\r\n6,"",0';
  const expected = ['plain', 'with, comma', 'two\r\nlines "quoted"', '', 'a "b" c', ''];
  const file = await write('quotes.csv', csv);
  await classifies([file], '', expected);
  await classifies(['--input-format', 'csv'], csv, expected);
  await classifies(['--column', 'stars', file], '', ['5', '4', '3', '2', '1', '0']);
  await classifies([await write('only.csv', 'review\n"a, b"\n\nc\n')], '', ['a, b', '', 'c']);
  await classifies([await write('empty.csv', '')], '', []);
  await classifies([await write('header.csv', 'text,stars\n')], '', []);

  // Files are read in small parts, so every kind of boundary falls on every kind of character.
  const parts = ['a', '"', ',', '\n', '\r\n', 'é', '""', ' '];
  const fields = Array.from({ length: 3000 }, (_, row) =>
    Array.from({ length: row % 11 }, (_, at) => parts[(row * 7 + at * (row + 3)) % parts.length]).join(''),
  );
  const rows = fields.map((field, row) => `${row},${quoted(field)}${row % 2 === 0 ? '\r\n' : '\n'}`);
  await classifies([await write('large.csv', `id,text\n${rows.join('')}`)], '', fields);
});

test('TSV: no quoting', async () => {
  const file = await write('a.tsv', 'sentence\tlabel\n"a" joy, he said\t1\r\n\n dull \t0\n');
  await classifies([file], '', ['"a" joy, he said', ' dull ']);
  await classifies([await write('a.TAB', 'label\ttext\n1\tgood\n')], '', ['good']);
});

test('JSONL: objects, strings, blank lines', async () => {
  const lines = '{"text":"a joy","id":1}\r\n\n"dull"\n  {"sentence":"lone \\ud800 half"}\n{"text":"x","sentence":"y"}';
  const file = await write('a.jsonl', lines);
  await classifies([file], '', ['a joy', 'dull', 'lone \ud800 half', 'x']);
  const named = await write('b.ndjson', '{"review":"good"}\n{"review":"bad"}\n');
  await classifies(['--column', 'review', named], '', ['good', 'bad']);
  await classifies([named], '', ['good', 'bad']); // the only field
  await classifies(['--input-format', 'jsonl'], '{"__proto__":"x"}', ['x']);
});

test('what a record of JSON lacks is no other field', async () => {
  const lines = '{"text":"ok film","id":"1"}\n{"id":"great"}\n';
  const { stdout } = await fails(
    [...withModel, '--input-format', 'jsonl'],
    lines,
    1,
    /stdin:2: there is no field 'text'; available are 'id'/,
  );
  assert.equal(parseLines(stdout).length, 1);
  const other = '{"review":"good"}\n{"id":"great"}\n';
  await fails([...withModel, '--input-format', 'jsonl'], other, 1, /stdin:2: there is no field 'review'/);
});

test('an array in a JSON file', async () => {
  const array = JSON.stringify([{ text: 'a joy', id: 1 }, 'dull', { text: 'x', text_pair: 'y' }], null, 2);
  const expected = ['a joy', 'dull', { text: 'x', text_pair: 'y' }];
  await classifies([await write('array.json', array)], '', expected);
  await classifies(['--input-format', 'jsonl'], `\n\n ${JSON.stringify(['a joy', 'dull'])}`, ['a joy', 'dull']);
  await classifies(['--input-format', 'jsonl'], '[]', []);
  const bad = ['["a joy", 5]', '["a joy", {"id": 1}]', '["a joy"', '["a joy"]\n["dull"]'];
  const messages = [
    /stdin: item 2: a string or an object/,
    /item 2: field 'id' must be a string/,
    /not JSON/,
    /not JSON/,
  ];
  for (const [index, text] of bad.entries()) {
    await fails([...withModel, '--input-format', 'jsonl'], text, 1, messages[index]);
  }
});

test('other separators than the comma', async () => {
  for (const separator of [';', '\t', '|']) {
    const row = (...fields) => fields.join(separator);
    const csv = [row('id', 'text'), row('1', 'a, joy'), row('2', `"x${separator} ""y"""`), ''].join('\n');
    await classifies(['--input-format', 'csv'], csv, ['a, joy', `x${separator} "y"`]);
  }
  await classifies(['--input-format', 'csv'], '"id;","te;xt",text\n1,2,a; b', ['a; b']);
});

test('UTF-16 with a byte order mark is read, without one it is refused', async () => {
  const little = Buffer.from('\ufeffa joy 東京\ndull\n', 'utf16le');
  const big = Buffer.from(little).swap16();
  for (const bytes of [little, big]) await classifies([], bytes, ['a joy 東京', 'dull']);
  await fails(withModel, little.subarray(2), 1, /stdin: it seems to be UTF-16 without a byte order mark/);
  await classifies([], Buffer.from('\0\0\0\0a\n'), ['\0\0\0\0a']);
});

test('texts as arguments', async () => {
  await classifies(['--text', 'a joy', '--text', '', '--text=--dull'], 'never read', ['a joy', '', '--dull']);
  await fails([...withModel, '--text', 'a', 'file'], '', 2, /--text and files exclude each other/);
  await fails(
    [...withModel, 'A joy from start'],
    '',
    1,
    /there is no such file.*; a text to classify is given by --text/,
  );
});

test('pairs', async () => {
  const pairs = [
    { text: 'a joy', text_pair: 'the film' },
    { text: 'dull', text_pair: '' },
  ];
  const tsv = await write('pairs.tsv', 'sentence1\tsentence2\na joy\tthe film\ndull\t\n');
  await classifies(['--column', 'sentence1', '--pair-column', 'sentence2', tsv], '', pairs);
  await classifies([await write('pairs.csv', 'text,text_pair\na joy,the film\ndull,\n')], '', pairs);
  const jsonl = await write(
    'pairs.jsonl',
    '{"text":"a joy","text_pair":"the film"}\n{"text":"dull","text_pair":null}\n',
  );
  const lines = await classifies([jsonl], '', [pairs[0], 'dull']);
  assert.ok(!('text_pair' in lines[1]));
  await fails([...withModel, '--long-text', 'windows', jsonl], '', 1, /\(invalid_argument\)/);
});

test('its own output is an input', async () => {
  const first = await latformer([...withModel, '--stats', '--top-k', '0'], 'a joy\ndull\n');
  await classifies(['--input-format', 'jsonl'], first.stdout, ['a joy', 'dull']);
});

test('--top-k and --stats', async () => {
  const [best] = parseLines((await latformer([...withModel, '--top-k', '2'], 'a joy')).stdout);
  const labels = await api('a joy', { top_k: 2 });
  assert.deepEqual(best, { text: 'a joy', ...labels[0], labels });
  const { stdout } = await latformer([...withModel, '--stats', '--speedup', '2', '--top-k', '0'], 'a joy from start');
  const [{ stats, labels: all }] = parseLines(stdout);
  assert.equal(all.length, 2);
  const [expected] = await api('a joy from start', { stats: true, speedup: 2 });
  assert.deepEqual({ ...stats, milliseconds: 0 }, { ...expected.stats, milliseconds: 0 });
});

test('text longer than the model', async () => {
  const text = Array.from({ length: 100 }, (_, index) => (index % 3 === 0 ? 'good' : 'bad')).join(' ');
  await classifies([], text, [text]);
  await classifies(['--long-text', 'windows'], text, [text], { long_text: 'windows' });
});

test('bad input: what is before it is answered, and the place is told', async () => {
  const answered = (result, count) => assert.equal(parseLines(result.stdout).length, count);
  const jsonl = await write('bad.jsonl', '{"text":"a joy"}\n{"text":"dull"}\n{"text":oops}\n{"text":"never"}\n');
  answered(await fails([...withModel, jsonl], '', 1, /bad\.jsonl:3: not JSON/), 2);
  answered(await fails([...withModel, '--batch', '1', jsonl], '', 1, /bad\.jsonl:3/), 2);
  const kinds = [
    ['{"text":17}', /stdin:2: field 'text' must be a string, not a number/],
    ['{"text":null}', /must be a string, not null/],
    ['{"text":{}}', /must be a string, not an object/],
    ['["a"]', /stdin:2: a string or an object is expected, not an array/],
    ['17', /not a number/],
    ['{"title":"x","body":"y"}', /stdin:2: there is no field 'text'; available are 'title', 'body'/],
    ['{"title":17}', /stdin:2: there is no field 'text'; available are 'title'/],
    ['{"__proto__":{"text":"x"},"id":1}', /there is no field 'text'/],
    ['{}', /available are none/],
  ];
  for (const [line, message] of kinds) {
    const input = `{"text":"a joy"}\n${line}\n`;
    answered(await fails([...withModel, '--input-format', 'jsonl'], input, 1, message), 1);
  }

  const csv = await write('c.csv', 'id,review\n1,good\n2\n');
  await fails(
    [...withModel, csv],
    '',
    1,
    /c\.csv: there is no column 'text' or 'sentence'; .*--column: 'id', 'review'/,
  );
  await fails(
    [...withModel, '--column', 'text', csv],
    '',
    1,
    /there is no column 'text'; available are 'id', 'review'/,
  );
  const short = await fails(
    [...withModel, '--column', 'review', csv],
    '',
    1,
    /c\.csv:3: 1 fields, but the header has 2/,
  );
  answered(short, 1);
  const open = 'text\n"good"\n"never closed\n\n\n';
  answered(
    await fails([...withModel, '--input-format', 'csv'], open, 1, /stdin:3: a quote in this record is never/),
    1,
  );
  await fails(
    [...withModel, '--input-format', 'csv'],
    'text\n"a" b\n',
    1,
    /stdin:2: text follows a closing quote: " b"/,
  );
  await fails([...withModel, '--column', 'x'], 'a\n', 2, /stdin is read as lines of text.*--input-format/);

  const good = await write('good.txt', 'good\n');
  const missing = join(folder, 'missing.txt');
  answered(await fails([...withModel, good, missing], '', 1, /cannot read .*missing\.txt: there is no such file/), 0);
  await fails([...withModel, folder], '', 1, /cannot read .*: it is a folder/);
  await fails(['classify', '--model', join(folder, 'none')], 'a', 1, /config\.json is missing.*\(bad_model\)/);
  await fails(['classify', '--model', folder], 'a', 1, /\(bad_model\)/);
});

test('what an error quotes cannot control a terminal', async () => {
  const { stderr } = await fails([...withModel, '--input-format', 'jsonl'], '\x1b[2J{', 1, /not JSON/);
  assert.ok(!stderr.includes('\x1b'));
});

test('a huge line is a text like any other', { timeout: 120_000 }, async () => {
  const huge = 'a joy '.repeat((10 * 2 ** 20) / 6);
  await classifies([], `dull\n${huge}\nbad`, ['dull', huge, 'bad']);
});

test('memory does not grow with the file', { timeout: 240_000 }, async () => {
  const file = join(folder, 'big.txt');
  const out = createWriteStream(file);
  const line = `${'a joy from start to finish, the film '.repeat(1500)}\n`;
  const count = Math.ceil((120 * 2 ** 20) / line.length);
  for (let index = 0; index < count; ++index) if (!out.write(line)) await once(out, 'drain');
  await once(out.end(), 'close');
  assert.ok((await stat(file)).size > 100 * 2 ** 20);

  const running = start([...withModel, '--format', 'table', file], { nodeArgs: ['--max-old-space-size=40'] });
  let lines = -1; // the header
  running.child.stdout.removeAllListeners('data').on('data', (text) => (lines += text.split('\n').length - 1));
  assert.equal(await running.exit, 0, running.stderr);
  assert.equal(lines, count);
});

test('who types a line gets the answer at once', { timeout: 60_000 }, async () => {
  const running = start(withModel);
  for (const [index, text] of ['a joy', 'dull', ''].entries()) {
    running.child.stdin.write(`${text}\n`);
    while (running.stdout.split('\n').length < index + 2) await once(running.child.stdout, 'data');
    assert.equal(parseLines(running.stdout)[index].text, text);
  }
  running.child.stdin.end();
  assert.equal(await running.exit, 0);
});

test('a reader that goes away is no error', { timeout: 60_000 }, async () => {
  const running = start(withModel);
  const feeding = setInterval(() => running.child.stdin.write('a joy from start to finish\n'.repeat(50)), 5);
  await once(running.child.stdout, 'data');
  running.child.stdout.destroy();
  const code = await running.exit;
  clearInterval(feeding);
  assert.deepEqual([code, running.stderr], [0, '']);
});

test('SIGINT: exit code 130, and no line is cut off', { timeout: 60_000 }, async () => {
  const running = start(withModel);
  const feeding = setInterval(() => running.child.stdin.write('a joy from start to finish\n'.repeat(50)), 5);
  await once(running.child.stdout, 'data');
  running.child.kill('SIGINT');
  const code = await running.exit;
  clearInterval(feeding);
  assert.deepEqual([code, running.stderr], [130, '']);
  assert.ok(running.stdout.endsWith('}\n'));
  assert.ok(parseLines(running.stdout).length > 0);
});

test('SIGINT while nothing comes in', { timeout: 60_000 }, async () => {
  const running = start(withModel);
  running.child.stdin.write('a joy\n');
  await once(running.child.stdout, 'data');
  running.child.kill('SIGINT');
  assert.equal(await running.exit, 130);
});

test('a full disk is told', { skip: process.platform !== 'linux' }, () => {
  const args = ['-c', `"$@" > /dev/full`, 'sh', process.execPath, command, ...withModel];
  const { status, stderr } = spawnSync('sh', args, { input: 'a joy\n', encoding: 'utf8' });
  assert.match(stderr, /cannot write the results: .*ENOSPC/);
  assert.equal(status, 1);
});

test('the table: aligned, on one line each, safe for a terminal', async () => {
  const input = ['a joy', 'dull \x1b[31mred\x1b[0m\tfilm\u202e', '', '東京', 'the film'].join('\n');
  const { stdout } = await latformer([...withModel, '--format', 'table', '--stats', '--top-k', '2'], input);
  const [header, ...lines] = stdout.trimEnd().split('\n');
  assert.deepEqual(header.split(/ {2,}/), [
    ...['LABEL', 'SCORE', 'LABEL', 'SCORE', 'TOKENS', 'SPEEDUP', 'MS', 'KEPT BY LAYER', 'TEXT'],
  ]);
  assert.equal(lines.length, 5);
  const textAt = header.indexOf('TEXT');
  assert.deepEqual(
    lines.map((line) => line.slice(textAt)),
    ['a joy', 'dull [31mred [0m film', '', '東京', 'the film'],
  );
  assert.ok(lines.every((line) => /^(NEGATIVE|POSITIVE) {2}/.test(line)));
});

// util-linux's script(1) runs a command on a terminal of its own.
const hasTerminal = spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0;
test('on a terminal: a table cut to its width, and a progress bar', { skip: !hasTerminal }, async () => {
  const lines = Array.from({ length: 3000 }, (_, index) => `${index} a joy from start to finish, `.repeat(8));
  const file = await write('long.txt', lines.join('\n'));
  const onTerminal = (shell) => {
    const { stdout, status } = spawnSync('script', ['-qec', `stty cols 60; ${shell}`, '/dev/null'], {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
      env: { ...process.env, TERM: 'xterm' },
    });
    assert.equal(status, 0, stdout);
    return stdout;
  };
  const classify = [process.execPath, command, ...withModel, file].map((each) => `'${each}'`).join(' ');

  // eslint-disable-next-line no-control-regex
  const table = onTerminal(`${classify} 2>/dev/null`).replaceAll(/\x1b\[K|\r/g, '');
  const rows = table.trimEnd().split('\n');
  assert.equal(rows.length, 3001);
  assert.ok(rows.every((row) => row.length < 60));
  assert.match(rows[1], /^(NEGATIVE|POSITIVE) {3}0\.\d{4} {2}0 a joy .*…$/);

  const bar = onTerminal(`${classify} > '${join(folder, 'out.jsonl')}'`);
  assert.match(bar, /\r█* *[▏▎▍▌▋▊▉]? *\d+ % {2}[\d,]+ texts {2}[\d.]+ texts\/s {2}\d+:\d\d left\x1b\[K/); // eslint-disable-line no-control-regex
  assert.ok(bar.endsWith('\r\x1b[K'), 'the bar is cleared in the end');
  assert.equal(parseLines(await readFile(join(folder, 'out.jsonl'), 'utf8')).length, 3000);
});

test('a latency budget instead of a speedup', async () => {
  const env = { ...process.env, XDG_CACHE_HOME: join(folder, 'cache') };
  const lines = await classifies(['--latency-budget', '1e6'], texts.join('\n') + '\n', texts, {}, { env });
  assert.equal(lines.length, texts.length);
  const { stdout } = await latformer([...withModel, '--latency-budget', '0.001', '--stats'], 'a joy\n', { env });
  const [{ stats }] = parseLines(stdout);
  assert.equal(stats.latency_budget, 0.001);
  assert.equal(stats.within_budget, false);
  for (const value of ['0', '-1', 'Infinity', 'soon', '']) {
    await fails([...withModel, `--latency-budget=${value}`], '', 2, /--latency-budget must be/);
  }
  await fails([...withModel, '--latency-budget', '5', '--speedup', '2'], '', 2, /exclude each other/);
});

test('--workers: the same answers in the same order', async () => {
  const model = await writeModel('dealt');
  const file = await write('many.txt', Array.from({ length: 200 }, (_, i) => `a joy ${i}\n`).join(''));
  const alone = await latformer(['classify', '--model', model, file]);
  const dealt = await latformer(['classify', '--model', model, '--workers', '2', '--batch', '7', file]);
  assert.equal(dealt.code, 0, dealt.stderr);
  assert.equal(dealt.stdout, alone.stdout);
  assert.equal((await latformer(['classify', '--workers', '0'])).code, 2);
});
