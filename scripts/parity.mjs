// npm run parity -- DIR [--data DIR] [--count 200]
//
// Holds the engine against Hugging Face's libraries and an independent implementation of the method, on any folder of a
// BERT: the goldens are made on the spot, in a temporary folder, by tests/parity/make_goldens.py. The inputs are made
// up, or with --data real sentences of sst2/dev.tsv, imdb/dev.tsv and mrpc/dev.tsv.
//
// Python's libraries go into .toolchain/python on the first call; LATFORMER_PYTHON names an interpreter that has them.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { setUp } from './setup/index.mjs';
import { python } from './setup/python.mjs';
import { compile } from './support/compile.mjs';
import { root } from './support/paths.mjs';
import { run } from './support/run.mjs';
import { Failure, main, step } from './support/steps.mjs';

const usage = `usage: npm run parity -- DIR [--data DIR] [--count 200]
DIR is a folder with config.json and model.safetensors of a BERT.`;

const here = join(root, 'tests', 'parity');

function parseCommandLine() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { data: { type: 'string' }, count: { type: 'string', default: '200' } },
    });
    const [model] = positionals;
    return positionals.length === 1 && existsSync(join(model, 'config.json')) ? { model, ...values } : null;
  } catch {
    return null;
  }
}

async function parity({ model, data, count }, temporary) {
  await setUp('test');
  const interpreter = await python(join(here, 'requirements.txt'));
  await step('Core, for this machine', (progress) => compile('release', progress));
  const show = { check: false, onLine: (line) => console.log(line) };

  const copy = join(temporary, 'model');
  const { output: added } = await run(interpreter, [join(here, 'add_head.py'), resolve(model), copy]);
  if (added) console.log(`The model is no classifier: a copy stands in for it, with random weights for ${added}.`);
  const folder = added ? copy : resolve(model);
  const goldens = join(temporary, 'goldens.json');
  const departures = join(temporary, 'departures.json');
  await step('Goldens', async (progress) => {
    const inputs = data ? ['--data', resolve(data)] : [];
    const settings = ['--model', folder, '--out', goldens, '--count', count, '--near-ties', 'keep', ...inputs];
    const { output } = await run(interpreter, [join(here, 'make_goldens.py'), ...settings], { log: 'goldens' });
    progress.say(output);
  });
  const files = ['--model', folder, '--goldens', goldens, '--departures', departures];
  const equal = await run(join(root, 'build', 'release', 'tests', 'parity', 'latformer_parity'), files, show);
  if (!existsSync(departures)) throw new Failure('the engine did not get to the end');
  const judged = await run(interpreter, [join(here, 'verify.py'), ...files], show);
  console.log(equal.ok && judged.ok ? 'Parity holds.' : 'Parity does NOT hold.');
  return equal.ok && judged.ok ? 0 : 1;
}

await main(async () => {
  const options = parseCommandLine();
  if (!options) {
    console.error(usage);
    return 2;
  }
  const temporary = mkdtempSync(join(tmpdir(), 'latformer-parity-'));
  try {
    return await parity(options, temporary);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
});
