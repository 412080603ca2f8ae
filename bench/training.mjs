// npm run bench:training -- --model DIR --data FILE... --dev FILE... --work DIR [options] [-- options of finetune]
//
// What each choice in training is worth: one teacher, and from it one model for each arm, trained as long and on the
// same seed, that differ in that choice alone; beside them the rival, the same teacher cut to fewer layers.
//
//   --model DIR    a pretrained encoder       --data FILE    labelled texts to train on
//   --dev FILE     labelled texts to measure on; each gets rows of its own, named by the folder that it lies in
//   --work DIR     keeps models and results, so that a run that was stopped goes on where it was; what each was made by
//                  stands beside it, and another command's are refused
//   --arms A,B     those alone                --seeds 1,2    default 1; figures are means over seeds, of fewer seeds
//                                                            than their row where a number follows: 37.8 (1)
//   --teacher DIR  a model fine-tuned already: seeds are then those of the arms alone
//   --teacher-epochs X (2), --epochs X (1)    --speedups LIST (1,2,3,4.8)
//   --padded N     measure as papers do, too: texts padded to N tokens, of which padding is work saved
//   --limit N      texts of each dev file
//   --csv FILE     results; default WORK/results.csv
//   --report       no training: print the table of the CSV alone
//
// Everything after a second -- goes to latformer-train finetune (--max-tokens 192 --threads 1 ...), but for options that
// an arm has itself. It has to be built: npm run test:train.
import { existsSync, mkdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../scripts/support/paths.mjs';
import { run } from '../scripts/support/run.mjs';
import { readOrNull, writeWhole } from '../scripts/support/stamp.mjs';
import { Failure, main, step } from '../scripts/support/steps.mjs';
import { readResults } from './support/results.mjs';
import { markdownTable } from './support/table.mjs';

// `from`: the model of another arm, whose profile `search` betters. `train` gets the number of epochs.
const pruned = (epochs, ...options) => ['--teacher-epochs', '0', '--epochs', String(epochs), ...options];
const cut = (epochs, layers) => ['--teacher-epochs', String(epochs), '--epochs', '0', '--layers', String(layers)];
const ofPaper = ['--dropped', 'discard', '--no-sandwich', '--r-min', '0.02'];
const arms = {
  default: { title: 'the default', train: (epochs) => pruned(epochs) },
  attention: { title: 'scored by attention alone', train: (epochs) => pruned(epochs, '--score', 'attention') },
  discard: { title: 'dropped word-vectors discarded', train: (epochs) => pruned(epochs, '--dropped', 'discard') },
  minimum: { title: 'running minimum', train: (epochs) => pruned(epochs, '--shape', 'minimum') },
  floor: { title: 'a floor of 2 % under retention', train: (epochs) => pruned(epochs, '--r-min', '0.02') },
  searched: {
    title: 'searched profile',
    from: 'default',
    train: (epochs, searched) => pruned(epochs, '--profile', join(searched, 'profile.json')),
  },
  untrained: { title: 'searched profile, trained for the default one', from: 'default' },
  'no-distill': { title: 'without distillation', train: (epochs) => pruned(epochs, '--no-distill') },
  hidden: { title: '[CLS] distilled as well', train: (epochs) => pruned(epochs, '--hidden-weight', '1') },
  'no-sandwich': { title: 'without the sandwich', train: (epochs) => pruned(epochs, '--no-sandwich') },
  paper: {
    title: "the paper's: discarded, neither sandwich nor distillation",
    train: (epochs) => pruned(epochs, ...ofPaper),
  },
  'paper-6x': {
    title: 'the same, trained for 6x',
    train: (epochs) => pruned(epochs, ...ofPaper, '--target-speedup', '6'),
  },
  long: { title: 'three times as many epochs', train: (epochs) => pruned(3 * epochs) },
  'layers-3': { title: 'the rival: 3 layers', train: (epochs) => cut(epochs, 3), speedups: '1' },
  'layers-2': { title: 'the rival: 2 layers', train: (epochs) => cut(epochs, 2), speedups: '1' },
};

const head = 'arm,seed,data,padded,metric,texts,speedup,value,macs,macs_ratio';
const keyOf = ({ arm, seed, data, padded }) => [arm, seed, data, padded].join();

function addRows(path, rows) {
  const replaced = new Set(rows.map(keyOf));
  const all = [...readResults(path).filter((row) => !replaced.has(keyOf(row))), ...rows];
  const lines = all.map((row) =>
    head
      .split(',')
      .map((name) => row[name] ?? '')
      .join(','),
  );
  writeWhole(path, `${[head, ...lines].join('\n')}\n`);
}

/** One table for each dev file and way of counting: arms by speedup; a rival has one speed, which its MACs tell. */
function tablesOf(rows) {
  const paddedTo = (padded) => `, padded to ${padded.replace(/^\d+/, '$& tokens')}`;
  const nameOf = ({ data, padded }) => `${data}${padded ? paddedTo(String(padded)) : ''}`;
  return [...new Set(rows.map(nameOf))].map((name) => {
    const group = rows.filter((row) => nameOf(row) === name);
    const mean = (some, of) => some.reduce((sum, row) => sum + Number(of(row)), 0) / some.length;
    const speedups = [...new Set(group.map(({ speedup }) => speedup))].sort((a, b) => a - b);
    const lines = Object.entries(arms).flatMap(([arm, { title }]) => {
      const own = group.filter((row) => row.arm === arm);
      if (own.length === 0) return [];
      const seeds = new Set(own.map(({ seed }) => seed)).size;
      const cells = speedups.map((speedup) => {
        const here = own.filter((row) => row.speedup === speedup);
        if (here.length === 0) return '';
        const value = (100 * mean(here, (row) => row.value)).toFixed(1);
        return here.length < seeds ? `${value} (${here.length})` : value;
      });
      const full = own.filter(({ speedup }) => speedup === 1);
      return [[title, seeds, mean(full, ({ macs }) => macs / 1e6).toFixed(0), ...cells]];
    });
    const texts = [...new Set(group.map((row) => row.texts))].join(' or ');
    const title = `${name}: ${group[0].metric} in %, ${texts} texts, means over seeds`;
    return {
      title,
      head: ['', 'seeds', 'M MACs in full', ...speedups.map((speedup) => `at ${speedup}x`)],
      rows: lines,
    };
  });
}

const trainer = join(root, 'build', 'train', 'core', 'train', 'latformer-train');

async function latformerTrain(args, log, progress) {
  const onLine = (line) => progress.update(line.replaceAll('\r', ' ').slice(0, 100));
  await run(trainer, args, { log: `training-${log}`, onLine });
}

// What was run for a model, kept beside it. There is none of models that were made before it was kept: they are taken as
// they are.
const recordPath = (model) => `${model}.json`;
const recordOf = (model) => JSON.parse(readOrNull(recordPath(model)) ?? 'null');
const write = (model, record) => writeWhole(recordPath(model), `${JSON.stringify(record, null, 2)}\n`);

/** Whether `what` was run for the model with these arguments; a Failure where it was with others. */
function wasRun(model, what, args) {
  const record = recordOf(model);
  if (!record) return true;
  if (!record[what]) return false;
  if (record[what].join('\0') === args.join('\0')) return true;
  const [then, now] = [record[what], args].map((words) => words.join(' '));
  throw new Failure(
    `${what} was run for ${model} with other arguments: name another --work\n  then ${then}\n  now  ${now}`,
  );
}

/** `target`, the folder of a model that `make(args, progress)` makes unless it is there. */
async function made(title, target, args, make) {
  if (existsSync(target)) {
    wasRun(target, args[0], args);
  } else {
    write(target, { [args[0]]: args });
    await step(title, (progress) => make([...args, '--target', target], progress));
  }
  return target;
}

const isOption = (word) => word.startsWith('--');
const nameOf = (word) => word.split('=')[0];
const toldByProfile = ['--dropped', '--shape', '--r-min', '--acc-texts'];

/** `given` without the options that `own` has as well, or has a profile for: an arm is what it says itself. */
function besides(own, given) {
  const replaced = new Set(own.filter(isOption).map(nameOf));
  if (replaced.has('--profile')) toldByProfile.forEach((name) => replaced.add(name));
  let option;
  return given.filter((word) => {
    if (isOption(word)) option = nameOf(word);
    return !replaced.has(option);
  });
}

const setOf = (file) => basename(dirname(resolve(file)));

/** Rows are told apart by the name of their set. */
function refuseSameSet(files) {
  for (const [i, file] of files.entries()) {
    const other = files.slice(0, i).find((before) => setOf(before) === setOf(file));
    if (other)
      throw new Failure(`--dev ${other} and ${file} are both named ${setOf(file)}: each needs a folder of its own`);
  }
}

/** Those of the speedups that the model was made for: others are refused. */
function withinRange(model, speedups) {
  const { max_speedup: most } = JSON.parse(readOrNull(join(model, 'profile.json')) ?? '{"max_speedup": 1}');
  return speedups
    .split(',')
    .filter((speedup) => Number(speedup) <= most)
    .join(',');
}

async function trainAll({ values, extra }) {
  const { work, csv = join(work, 'results.csv') } = values;
  const data = values.data.flatMap((file) => ['--data', resolve(file)]);
  const pair = values['pair-column'] ? ['--pair-column', values['pair-column']] : [];
  const columns = [...(values.column ? ['--column', values.column] : []), ...pair];
  const wanted = values.arms?.split(',') ?? Object.keys(arms);
  const unknown = wanted.find((arm) => !(arm in arms));
  if (unknown) throw new Failure(`unknown arm ${unknown}; there are: ${Object.keys(arms).join(', ')}`);
  refuseSameSet(values.dev);
  mkdirSync(work, { recursive: true });

  for (const seed of values.seeds.split(',')) {
    const place = (name) => join(resolve(work), `${name}-${seed}`);
    const finetune = (name, model, options) => {
      const settings = ['--model', model, ...data, ...columns, '--seed', seed, ...besides(options, extra), ...options];
      return made(`seed ${seed}: ${name}`, place(name), ['finetune', ...settings], (args, progress) => {
        const folder = `${place(name)}.work`;
        const resume = existsSync(join(folder, 'checkpoint.pt')) ? ['--resume'] : [];
        return latformerTrain([...args, '--work', folder, ...resume], `${name}-${seed}`, progress);
      });
    };
    const measure = async (arm, model) => {
      const speedups = arms[arm].speedups ?? withinRange(model, values.speedups);
      for (const file of values.dev) {
        for (const padded of ['', ...(values.padded ? [values.padded] : [])]) {
          const row = { arm, seed, data: setOf(file), padded };
          const what = `sweep of ${row.data}${padded && `, padded to ${padded}`}`;
          const limits = [...(values.limit ? ['--limit', values.limit] : []), ...(padded ? ['--padded', padded] : [])];
          const args = ['--data', resolve(file), ...columns, '--speedups', speedups, ...limits];
          const isThere = readResults(csv).some((other) => keyOf(other) === keyOf(row));
          if (isThere && wasRun(model, what, args)) continue;
          const out = `${model}.csv`;
          await step(`seed ${seed}: ${arm}, measured on ${file}${padded && `, padded to ${padded}`}`, (progress) =>
            latformerTrain(['sweep', '--model', model, ...args, '--csv', out], `sweep-${arm}`, progress),
          );
          // Padded, a sweep counts in two ways: (fixed), which goes without saying, and (by length).
          const waysOf = ({ counting = '' }) =>
            counting.endsWith('(by length)') ? { padded: `${padded} by length` } : {};
          const results = readResults(out).map((each) => ({ ...each, ...row, ...waysOf(each) }));
          addRows(csv, results);
          const record = recordOf(model);
          if (record) write(model, { ...record, [what]: args });
        }
      }
    };
    const teacher = values.teacher
      ? resolve(values.teacher)
      : await finetune('teacher', resolve(values.model), [
          '--teacher-epochs',
          values['teacher-epochs'],
          '--epochs',
          '0',
        ]);
    for (const arm of wanted) {
      const { from, train } = arms[arm];
      const search = async () => {
        const model = await finetune(from, teacher, arms[from].train(Number(values.epochs)));
        const args = ['search', '--model', model, ...data, ...columns];
        return made(`seed ${seed}: search`, place('search'), args, (all, progress) =>
          latformerTrain(all, `search-${seed}`, progress),
        );
      };
      const searched = from && (await search());
      await measure(arm, train ? await finetune(arm, teacher, train(Number(values.epochs), searched)) : searched);
    }
  }
  return csv;
}

function parseCommandLine() {
  const args = process.argv.slice(2);
  const end = args.indexOf('--');
  const text = { type: 'string' };
  const { values } = parseArgs({
    args: end < 0 ? args : args.slice(0, end),
    options: {
      ...{ model: text, teacher: text, work: text, arms: text, csv: text, padded: text, limit: text },
      ...{ column: text, 'pair-column': text, report: { type: 'boolean' } },
      data: { type: 'string', multiple: true },
      dev: { type: 'string', multiple: true },
      seeds: { type: 'string', default: '1' },
      epochs: { type: 'string', default: '1' },
      'teacher-epochs': { type: 'string', default: '2' },
      speedups: { type: 'string', default: '1,2,3,4.8' },
    },
  });
  const needed = values.report ? ['csv'] : [values.teacher ? 'teacher' : 'model', 'data', 'dev', 'work'];
  const missing = needed.find((name) => !values[name]);
  if (missing) throw new Failure(`--${missing} is needed; the head of bench/training.mjs tells all options`);
  if (values.model && values.teacher)
    throw new Failure('--model and --teacher: a teacher is a model already; give one');
  return { values, extra: end < 0 ? [] : args.slice(end + 1) };
}

await main(async () => {
  const options = parseCommandLine();
  if (!options.values.report && !existsSync(trainer)) {
    throw new Failure('latformer-train is not built: npm run test:train');
  }
  const csv = options.values.report ? options.values.csv : await trainAll(options);
  for (const table of tablesOf(readResults(csv))) console.log(`\n**${table.title}**\n\n${markdownTable(table)}`);
});
