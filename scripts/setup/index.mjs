// Set-up on a fresh machine, for `npm start` ('build') or `npm test` ('test'). What is there already is left alone.
import { step } from '../support/steps.mjs';
import { installPackages, missingPackages } from './debian.mjs';
import { setUpEmscripten } from './emscripten.mjs';
import { setUpNewerNode, setUpPackages } from './node.mjs';
import { setUpSources } from './sources.mjs';

export async function setUp(purpose) {
  await step('Compilers and tools', async (progress) => {
    const missing = missingPackages(purpose);
    if (missing.length === 0) return 'there';
    await installPackages(missing, progress);
    return `installed ${missing.join(', ')}`;
  });
  await setUpEmscripten();
  await setUpSources();
  await setUpPackages();
  if (purpose === 'test') await setUpNewerNode();
}
