// The timing programs in C++, each in the build of one preset.
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setUpEmscripten } from '../../scripts/setup/emscripten.mjs';
import { setUpSources } from '../../scripts/setup/sources.mjs';
import { configure } from '../../scripts/support/compile.mjs';
import { root } from '../../scripts/support/paths.mjs';
import { run } from '../../scripts/support/run.mjs';
import { step } from '../../scripts/support/steps.mjs';

const built = new Map();

/** Builds one program, unless this process has done so; gives its path. */
export function buildProgram(preset, program) {
  const key = `${preset} ${program}`;
  if (!built.has(key)) built.set(key, build(preset, program));
  return built.get(key);
}

async function build(preset, program) {
  const wasm = preset.startsWith('wasm');
  if (wasm) await setUpEmscripten();
  await setUpSources();
  await step(`${program}, ${preset}`, async (progress) => {
    await configure(preset, progress);
    const args = ['--build', '--preset', preset, '--target', program, '--parallel', String(availableParallelism())];
    await run('cmake', args, { log: `${preset}-${program}` });
  });
  return join(root, 'build', preset, 'bench', wasm ? `${program}.cjs` : program);
}
