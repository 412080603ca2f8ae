// Set-up on a fresh machine, for `npm start` ('build'), `npm test` ('test') or `npm run test:train` ('train'). What is
// there already is left alone.
import { step } from '../support/steps.mjs';
import * as browsers from './browsers.mjs';
import { installPackages, missingPackages } from './debian.mjs';
import * as emscripten from './emscripten.mjs';
import * as native from './native.mjs';
import { setUpArmNode, setUpNewerNode, setUpPackages, setUpTooOldNode } from './node.mjs';
import * as redis from './redis.mjs';
import * as sources from './sources.mjs';

const parts = {
  build: [native, sources, emscripten],
  test: [native, sources, emscripten, browsers, redis],
  train: [native, sources],
};

export async function setUp(purpose) {
  await step('Compilers and tools', async (progress) => {
    const missing = missingPackages(parts[purpose].flatMap(({ needs }) => needs(purpose)));
    if (missing.length === 0) return 'there';
    await installPackages(missing, progress);
    return `installed ${missing.join(', ')}`;
  });
  if (purpose !== 'train') await emscripten.setUpEmscripten();
  await sources.setUpSources();
  if (purpose === 'train') return;
  await setUpPackages();
  if (purpose !== 'test') return;
  await setUpNewerNode();
  await setUpTooOldNode();
  if (process.arch !== 'arm64') await setUpArmNode();
}
