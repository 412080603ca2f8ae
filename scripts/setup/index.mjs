// Set-up on a fresh machine, for `npm start` ('build'), `npm test` ('test') or `npm run test:train` ('train'). What is
// there already is left alone.
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
  if (purpose !== 'train') await setUpEmscripten();
  await setUpSources();
  if (purpose === 'train') return;
  await setUpPackages();
  if (purpose === 'test') await setUpNewerNode();
}
