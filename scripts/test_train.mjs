// npm run test:train: builds latformer-train, which needs LibTorch, and runs its tests: above all, that the model that learns
// is the model that runs. Ends with 'N passed, N failed'. CMAKE_PREFIX_PATH names another LibTorch than Debian's.
//
//   --if-there     where LibTorch is not installed, install nothing and test nothing: for npm test, which it is too large for
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { missingPackages } from './setup/debian.mjs';
import { setUp } from './setup/index.mjs';
import { needs } from './setup/native.mjs';
import { compile } from './support/compile.mjs';
import { logs, root } from './support/paths.mjs';
import { run } from './support/run.mjs';
import { readOrNull } from './support/stamp.mjs';
import { main, step } from './support/steps.mjs';

await main(async () => {
  const missing = missingPackages(needs('train'));
  if (process.argv.includes('--if-there') && missing.length > 0) {
    console.log(`not tested, for these are not installed: ${missing.join(', ')} (npm run test:train installs them)`);
    console.log('0 passed, 0 failed');
    return 0;
  }
  await setUp('train');
  await step('latformer-train', (progress) => compile('train', progress, ['latformer-train', 'latformer_train_test']));
  mkdirSync(logs, { recursive: true });
  const report = join(logs, 'train.json');
  rmSync(report, { force: true });
  const program = join(root, 'build', 'train', 'tests', 'train', 'latformer_train_test');
  const { ok } = await run(program, ['--gtest_brief=1', `--gtest_output=json:${report}`], {
    log: 'train',
    check: false,
    onLine: (line) => console.log(line),
  });
  const { tests = 0, failures = 0 } = JSON.parse(readOrNull(report) ?? '{}');
  const failed = Math.max(failures, ok ? 0 : 1);
  if (ok) console.log(`\nThe command: ${join('build', 'train', 'core', 'train', 'latformer-train')} --help`);
  console.log(`${tests - failures} passed, ${failed} failed`);
  return ok ? 0 : 1;
});
