// npm start: sets up what is missing, builds, and shows the bundled model classify film reviews.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build } from './build.mjs';
import { root } from './support/paths.mjs';
import { main } from './support/steps.mjs';

await main(async () => {
  await build();
  console.log();
  return spawnSync(process.execPath, [join(root, 'scripts', 'first_look.mjs')], { stdio: 'inherit' }).status ?? 1;
});
