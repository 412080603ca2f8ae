// Every example of docs/cli.md runs as it stands there.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { command, scratch } from '../support/cli.mjs';

const { folder, write } = await scratch();
const page = await readFile(new URL('../../../docs/cli.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/^```sh\n(.*?)^```/gms)].map(([, example]) => example);

test('docs/cli.md', { timeout: 300_000, skip: process.platform === 'win32' }, async () => {
  // A project that has the package installed, as far as the examples can tell.
  await mkdir(join(folder, 'bin'));
  await mkdir(join(folder, 'node_modules'));
  await symlink(fileURLToPath(new URL('../../..', import.meta.url)), join(folder, 'node_modules/latformer'));
  await mkdir(join(folder, 'node_modules/@latformer'));
  const sentiment = fileURLToPath(new URL('../../../models/sentiment', import.meta.url));
  await symlink(sentiment, join(folder, 'node_modules/@latformer/sentiment'));
  await symlink(fileURLToPath(new URL('../../parity/models/gpt2-tied-f32', import.meta.url)), join(folder, 'my-gpt2'));
  for (const [name, path] of [
    ['my-embedder', 'embeddings/models/mean'],
    ['my-ranker', 'tasks/models/ranker'],
  ]) {
    await symlink(fileURLToPath(new URL(`../../parity/${path}`, import.meta.url)), join(folder, name));
  }
  const npx = await write('bin/npx', `#!/bin/sh\nshift\nexec '${process.execPath}' '${command}' "$@"\n`);
  spawnSync('chmod', ['+x', npx]);
  const env = { ...process.env, XDG_CACHE_HOME: folder, PATH: `${join(folder, 'bin')}${delimiter}${process.env.PATH}` };

  assert.ok(examples.length >= 5);
  for (const example of examples) {
    const { status, stdout, stderr } = spawnSync('sh', ['-e', '-c', example], { cwd: folder, env, encoding: 'utf8' });
    assert.deepEqual([status, stderr], [0, ''], example);
    assert.ok(stdout.length > 0, example);
  }
});
