// npm run parity -- DIR [--data DIR] [--count 200]
//
// Holds the engine against Hugging Face's libraries and an independent implementation of the method, on any folder of a
// BERT: the goldens are made on the spot, in a temporary folder, by tests/parity/make_goldens.py.
//
// Python's libraries go into .toolchain/python on the first call; LATFORMER_PYTHON names an interpreter that has them.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const here = join(root, 'tests', 'parity');

class Failure extends Error {}

function run(command, args, { capture = false } = {}) {
  const { status, error, stdout } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', capture ? 'pipe' : 'inherit', 'inherit'],
  });
  if (error) throw new Failure(`${command} does not start: ${error.message}`);
  return { ok: status === 0, stdout };
}

function must(command, args, options) {
  const result = run(command, args, options);
  if (!result.ok) throw new Failure(`this failed: ${[command, ...args].join(' ')}`);
  return result.stdout;
}

function findPython() {
  if (process.env.LATFORMER_PYTHON) return process.env.LATFORMER_PYTHON;
  const folder = join(root, '.toolchain', 'python');
  const python = join(folder, 'bin', 'python');
  const installed = join(folder, 'installed');
  if (!existsSync(installed)) {
    console.log(`Installing PyTorch and Hugging Face's libraries into ${folder}`);
    must('python3', ['-m', 'venv', folder]);
    must(python, ['-m', 'pip', 'install', '--quiet', '--requirement', join(here, 'requirements.txt')]);
    must(python, ['-c', `import torch, transformers; open(${JSON.stringify(installed)}, 'w').close()`]);
  }
  return python;
}

function findRunner() {
  console.log('Building the runner (preset release)');
  must('cmake', ['--preset', 'release'], { capture: true });
  must('cmake', ['--build', '--preset', 'release', '--target', 'latformer_parity'], { capture: true });
  return join(root, 'build', 'release', 'bin', 'latformer_parity');
}

function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { data: { type: 'string' }, count: { type: 'string', default: '200' } },
  });
  if (positionals.length !== 1 || !existsSync(join(positionals[0], 'config.json'))) {
    console.error('usage: npm run parity -- DIR [--data DIR] [--count 200]\nDIR is a folder with config.json of a BERT');
    return 2;
  }
  const python = findPython();
  const runner = findRunner();
  const temporary = mkdtempSync(join(tmpdir(), 'latformer-parity-'));
  try {
    let model = resolve(positionals[0]);
    const withHead = join(temporary, 'model');
    const added = must(python, [join(here, 'add_head.py'), model, withHead], { capture: true }).trim();
    if (added) {
      console.log(`The model is no classifier: a copy with random weights for ${added} stands in for it`);
      model = withHead;
    }
    const goldens = join(temporary, 'goldens.json');
    const departures = join(temporary, 'departures.json');
    const data = values.data ? ['--data', resolve(values.data)] : [];
    const settings = ['--count', values.count, '--near-ties', 'keep'];
    must(python, [join(here, 'make_goldens.py'), '--model', model, '--out', goldens, ...data, ...settings]);
    const equal = run(runner, ['--model', model, '--goldens', goldens, '--departures', departures]).ok;
    const judged = run(python, [
      join(here, 'verify.py'),
      ...['--model', model, '--goldens', goldens, '--departures', departures],
    ]).ok;
    console.log(equal && judged ? 'Parity holds.' : 'Parity does NOT hold.');
    return equal && judged ? 0 : 1;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

try {
  process.exitCode = main();
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
