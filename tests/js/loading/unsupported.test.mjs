// Where the package does not run, a Node that is too old and a processor without SIMD: what it says there.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { tooOldNode } from '../../../scripts/setup/node.mjs';
import { root } from '../../../scripts/support/paths.mjs';

const run = promisify(execFile);
const node = tooOldNode();
const skip = !existsSync(node) && 'npm test sets up a Node that is too old';
const dist = JSON.stringify(join(root, 'dist/node.mjs'));
const say = ".pipeline('sentiment-analysis').catch(({ name, code, message }) => console.log(name, code, message))";

test('too old a Node: pipeline() rejects with a code, in modules and by require()', { skip }, async () => {
  for (const source of [
    `import(${dist}).then((latformer) => latformer${say})`,
    `require(${JSON.stringify(join(root, 'dist/node.cjs'))})${say}`,
  ]) {
    const { stdout, stderr } = await run(node, ['-e', source]);
    assert.match(stdout, /^LatformerError unsupported_runtime Latformer needs Node 20 or newer; this is Node 18\./);
    assert.equal(stderr, '');
  }
});

test('too old a Node: the command says it in one line', { skip }, async () => {
  const failure = await run(node, [join(root, 'dist/cli.mjs'), 'classify', '--text', 'A joy.']).catch((error) => error);
  assert.equal(failure.code, 1);
  assert.match(
    failure.stderr,
    /^latformer: Latformer needs Node 20 or newer; this is Node 18\.[\d.]+ \(unsupported_runtime\)\n$/,
  );
});

// V8 has no SIMD of WebAssembly on an x86 without SSE4.1.
test('without SIMD pipeline() rejects with a code', { skip: process.arch !== 'x64' && 'x64 only' }, async () => {
  const { stdout } = await run(process.execPath, [
    '--no-enable-sse4-1',
    '-e',
    `import(${dist}).then((latformer) => latformer${say})`,
  ]);
  assert.match(
    stdout,
    /^LatformerError unsupported_runtime WebAssembly has no SIMD here; Chromium 91, .* SSE4\.1 or NEON/,
  );
});
