// Every folder of the zoo, natively and as WebAssembly: the error that it must give, the same in both, and a sound model
// works right after it. Ends with 'N passed, N failed'.
//   node tests/zoo/run.mjs [--native PROGRAM] [--show]     (dist/ must be built; --show prints the messages)
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { LatformerError, pipeline } from 'latformer';
import { tinyModel } from '../js/support/tiny_model.mjs';
import { zoo } from './folders.mjs';

const { values: options } = parseArgs({
  options: {
    native: { type: 'string', default: 'build/fuzz/tests/zoo/latformer_zoo' },
    show: { type: 'boolean', default: false },
  },
});

function write(folder, files) {
  mkdirSync(folder);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  return folder;
}

/** {code, message} of each folder, by the native program. */
function natively() {
  const home = mkdtempSync(join(tmpdir(), 'latformer-zoo-'));
  try {
    const sound = write(join(home, 'sound'), tinyModel());
    const folders = [...zoo.values()].map(({ files }, i) => write(join(home, String(i)), files));
    const lines = execFileSync(options.native, [sound, ...folders], {
      encoding: 'utf8',
      env: { ...process.env, ASAN_OPTIONS: 'allocator_may_return_null=1' },
    });
    return lines
      .trimEnd()
      .split('\n')
      .map((line) => ({ code: line.slice(0, line.indexOf(' ')), message: line.slice(line.indexOf(' ') + 1) }));
  } finally {
    rmSync(home, { recursive: true });
  }
}

async function asWebAssembly({ files }) {
  try {
    const classify = await pipeline('text-classification', { files }, { worker: false });
    await classify('a joy from start to finish');
    await classify.dispose();
    return { code: 'ok', message: '' };
  } catch (error) {
    if (!(error instanceof LatformerError)) throw error;
    return { code: error.code, message: error.message };
  }
}

const text = 'a joy from start to finish';
const sound = await pipeline('text-classification', { files: tinyModel() }, { worker: false });
const expected = await sound(text, { top_k: null });
const native = natively();
assert.equal(native.length, zoo.size);
let passed = 0;
let failed = 0;
for (const [index, [name, bad]] of [...zoo].entries()) {
  try {
    const web = await asWebAssembly(bad);
    if (options.show) console.log(`${name}\n    ${web.code}: ${web.message}`);
    assert.equal(web.code, bad.code, `as WebAssembly: ${web.message}`);
    assert.equal(native[index].code, bad.code, `natively: ${native[index].message}`);
    assert.match(
      web.message,
      /^(config|tokenizer|tokenizer_config|profile)\.json|^model\.safetensors|^vocab\.txt|tokenizer\.json/,
    );
    assert.deepEqual(await sound(text, { top_k: null }), expected, 'a sound model beside it works on');
    passed += 1;
  } catch (error) {
    failed += 1;
    console.log(`${name}: ${error.message}`);
  }
}
const again = await pipeline('text-classification', { files: tinyModel() }, { worker: false });
assert.deepEqual(await again(text, { top_k: null }), expected);
await Promise.all([again.dispose(), sound.dispose()]);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
