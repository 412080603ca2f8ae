// Python's libraries, for what compares with or converts from them: parity with Hugging Face, the benchmark's peers.
// Neither npm start nor npm test needs them.
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { toolchain } from '../support/paths.mjs';
import { run } from '../support/run.mjs';
import { hash, stamp, stamped } from '../support/stamp.mjs';
import { Failure, step } from '../support/steps.mjs';

/** Told before the work: else the first script that imports it would say so, somewhere in a log. */
async function checkPackages(interpreter, requirements) {
  const { output } = await run(interpreter, [join(import.meta.dirname, 'lacking.py'), requirements]);
  if (output.trim() === '') return;
  throw new Failure(
    `LATFORMER_PYTHON: ${interpreter} lacks ${output.trim().split(' ').join(', ')}. ` +
      `It needs: ${interpreter} -m pip install -r ${requirements}`,
  );
}

/**
 * An interpreter with what `requirements` (a path) asks for, installed into .toolchain/python on the first call.
 * LATFORMER_PYTHON names one that has it all.
 */
export async function python(requirements) {
  const given = process.env.LATFORMER_PYTHON;
  if (given) {
    await checkPackages(given, requirements);
    return given;
  }
  const folder = join(toolchain, 'python');
  const interpreter = join(folder, 'bin', 'python');
  const name = `python-${basename(dirname(requirements))}`;
  const key = hash([], [requirements]);
  await step(`Python's libraries for ${basename(dirname(requirements))}`, async (progress) => {
    if (existsSync(interpreter) && stamped(name, key)) return 'there';
    if (!existsSync(interpreter)) await run('python3', ['-m', 'venv', folder]);
    progress.update('some gigabytes on the first call');
    await run(interpreter, ['-m', 'pip', 'install', '--requirement', requirements], { log: name });
    stamp(name, key);
  });
  return interpreter;
}
