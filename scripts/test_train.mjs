// npm run test:train: builds latformer-train, which needs LibTorch, and runs its tests. Apart from npm test, for LibTorch is
// large and slow to compile with. CMAKE_PREFIX_PATH names another LibTorch than Debian's.
import { join } from 'node:path';
import { setUp } from './setup/index.mjs';
import { compile } from './support/compile.mjs';
import { root } from './support/paths.mjs';
import { run } from './support/run.mjs';
import { main, step } from './support/steps.mjs';

await main(async () => {
  await setUp('train');
  await step('latformer-train', (progress) => compile('train', progress, ['latformer-train', 'latformer_train_test']));
  const { ok } = await run(
    join(root, 'build', 'train', 'tests', 'train', 'latformer_train_test'),
    ['--gtest_brief=1'],
    {
      log: 'train',
      check: false,
      onLine: (line) => console.log(line),
    },
  );
  if (ok) console.log(`\nThe command: ${join('build', 'train', 'core', 'train', 'latformer-train')} --help`);
  return ok ? 0 : 1;
});
