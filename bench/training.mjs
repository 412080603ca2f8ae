// npm run bench:training -- --model DIR --data FILE... --dev FILE... --work DIR [options] [-- options of finetune]
//
// What each choice in training is worth: one teacher, and from it one model for each arm, trained as long and on the
// same seed, that differ in that choice alone; beside them the rival, the same teacher cut to fewer layers.
//
//   --model DIR    a pretrained encoder       --data FILE    labelled texts to train on
//   --dev FILE     labelled texts to measure on; each gets rows of its own
//   --work DIR     keeps models and results, so that a run that was stopped goes on where it was
//   --arms A,B     those alone                --seeds 1,2    default 1; figures are means over seeds
//   --teacher DIR  a model fine-tuned already: seeds are then those of the arms alone
//   --teacher-epochs X (2), --epochs X (1)    --speedups LIST (1,2,3,4.8)
//   --padded N     measure as papers do, too: texts padded to N tokens, of which padding is work saved
//   --limit N      texts of each dev file
//   --csv FILE     results; default WORK/results.csv
//   --report       no training: print the table of the CSV alone
//
// Everything after a second -- goes to latformer-train finetune (--max-tokens 192 --threads 1 ...). It has to be built:
// npm run test:train.
import { existsSync, mkdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../scripts/support/paths.mjs';
import { run } from '../scripts/support/run.mjs';
import { writeWhole } from '../scripts/support/stamp.mjs';
import { Failure, main, step } from '../scripts/support/steps.mjs';
import { readResults } from './results.mjs';
import { markdownTable } from './tables.mjs';

// `from`: the model of another arm, whose profile `search` betters. `train` gets the number of epochs.
const pruned = (epochs, ...options) => ['--teacher-epochs', '0', '--epochs', String(epochs), ...options];
const cut = (epochs, layers) => ['--teacher-epochs', String(epochs), '--epochs', '0', '--layers', String(layers)];
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
    train: (epochs) => pruned(epochs, '--dropped', 'discard', '--no-sandwich', '--r-min', '0.02'),
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
  const nameOf = ({ data, padded }) => `${data}${padded ? `, padded to ${padded} tokens` : ''}`;
  return [...new Set(rows.map(nameOf))].map((name) => {
    const group = rows.filter((row) => nameOf(row) === name);
    const mean = (some, of) => some.reduce((sum, row) => sum + Number(of(row)), 0) / some.length;
    const speedups = [...new Set(group.map(({ speedup }) => speedup))].sort((a, b) => a - b);
    const lines = Object.entries(arms).flatMap(([arm, { title }]) => {
      const own = group.filter((row) => row.arm === arm);
      if (own.length === 0) return [];
      const cells = speedups.map((speedup) => {
        const here = own.filter((row) => row.speedup === speedup);
        return here.length > 0 ? (100 * mean(here, (row) => row.value)).toFixed(1) : '';
      });
      const full = own.filter(({ speedup }) => speedup === 1);
      const seeds = new Set(own.map(({ seed }) => seed)).size;
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

/** The folder of a model that `make(target)` makes, unless it is there. */
async function made(title, target, make) {
  if (!existsSync(target)) await step(title, (progress) => make(target, progress));
  return target;
}

async function trainAll({ values, extra }) {
  const { work, csv = join(work, 'results.csv') } = values;
  const data = values.data.flatMap((file) => ['--data', resolve(file)]);
  const pair = values['pair-column'] ? ['--pair-column', values['pair-column']] : [];
  const columns = [...(values.column ? ['--column', values.column] : []), ...pair];
  const wanted = values.arms?.split(',') ?? Object.keys(arms);
  const unknown = wanted.find((arm) => !(arm in arms));
  if (unknown) throw new Failure(`unknown arm ${unknown}; there are: ${Object.keys(arms).join(', ')}`);
  mkdirSync(work, { recursive: true });

  for (const seed of values.seeds.split(',')) {
    const place = (name) => join(resolve(work), `${name}-${seed}`);
    const finetune = (name, model, options) =>
      made(`seed ${seed}: ${name}`, place(name), (target, progress) => {
        const folder = `${target}.work`;
        const resume = existsSync(join(folder, 'checkpoint.pt')) ? ['--resume'] : [];
        const settings = ['--model', model, ...data, ...columns, '--seed', seed, ...extra, ...options];
        const args = ['finetune', ...settings, '--work', folder, '--target', target, ...resume];
        return latformerTrain(args, `${name}-${seed}`, progress);
      });
    const measure = async (arm, model) => {
      const speedups = arms[arm].speedups ?? values.speedups;
      for (const file of values.dev) {
        for (const padded of ['', ...(values.padded ? [values.padded] : [])]) {
          const row = { arm, seed, data: basename(dirname(resolve(file))), padded };
          if (readResults(csv).some((other) => keyOf(other) === keyOf(row))) continue;
          const out = `${model}.csv`;
          const limits = [...(values.limit ? ['--limit', values.limit] : []), ...(padded ? ['--padded', padded] : [])];
          const settings = ['--data', file, ...columns, '--speedups', speedups, '--csv', out, ...limits];
          await step(`seed ${seed}: ${arm}, measured on ${file}${padded && `, padded to ${padded}`}`, (progress) =>
            latformerTrain(['sweep', '--model', model, ...settings], `sweep-${arm}`, progress),
          );
          addRows(
            csv,
            readResults(out).map((each) => ({ ...each, ...row })),
          );
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
        return made(`seed ${seed}: search`, place('search'), (target, progress) =>
          latformerTrain(
            ['search', '--model', model, ...data, ...columns, '--target', target],
            `search-${seed}`,
            progress,
          ),
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
