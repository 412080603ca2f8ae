// latformer inspect: models that load, and why others do not.
import assert from 'node:assert/strict';
import { cp, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pipeline } from 'latformer';
import { hasRelaxedSimd, threadCounts } from '../support/binaries.mjs';
import { latformer, scratch } from '../support/cli.mjs';
import { shape, vocabulary } from '../support/tiny_model.mjs';

const { folder, write, writeModel } = await scratch();
const model = await writeModel('model');
const ofParity = (name) => fileURLToPath(new URL(`../../parity/models/${name}`, import.meta.url));

async function inspect(path, expectedCode = 0) {
  const { code, stdout, stderr } = await latformer(['inspect', '--json', path]);
  assert.deepEqual([code, stderr], [expectedCode, '']);
  const shown = await latformer(['inspect', path]);
  assert.deepEqual([shown.code, shown.stderr], [expectedCode, '']);
  return { ...JSON.parse(stdout), shown: shown.stdout };
}

test('what a sound model is', async () => {
  const facts = await inspect(model);
  assert.equal(facts.loads, true);
  assert.equal(facts.error, undefined);
  assert.equal(facts.config.model_type, 'bert');
  assert.deepEqual(facts.tokenizer, {
    file: 'vocab.txt',
    type: 'WordPiece',
    vocabulary: vocabulary.length,
    lowercase: true,
    strip_accents: true, // unset, it follows the case
    handle_chinese_chars: true,
  });
  const { size } = await stat(join(model, 'model.safetensors'));
  const { hidden: d, intermediate: f, layers, positions } = shape;
  const parameters =
    (vocabulary.length + positions + 2 + 2) * d + // embeddings and their norm
    layers * (4 * (d * d + d) + 2 * d * f + f + d + 4 * d) +
    (d * d + d) + // pooler
    2 * (d + 1); // classifier
  assert.deepEqual(facts.weights, {
    bytes: size,
    tensors: 5 + 16 * layers + 4,
    parameters,
    dtypes: { F32: parameters },
  });
  assert.ok(facts.files.every(({ used, bytes }) => used && bytes > 0));

  const classify = await pipeline('text-classification', model, { worker: false });
  assert.deepEqual(facts.info, classify.info);
  assert.equal(facts.sample.tokens, shape.positions, 'this model reads no longer text');
  assert.deepEqual(
    facts.sample.speeds.map(({ speedup }) => speedup),
    [1, 1.5, 2, 3, 4.8, 6],
  );
  for (const { speedup, achieved_speedup, macs, tokens_per_layer } of facts.sample.speeds) {
    if (speedup <= 2) assert.ok(achieved_speedup >= speedup); // so small a model cannot drop much more
    assert.ok(Math.abs(facts.sample.speeds[0].macs / macs / achieved_speedup - 1) < 1e-6);
    assert.equal(tokens_per_layer.length, shape.layers);
  }
  assert.match(facts.shown, /architecture +BertForSequenceClassification \(model_type bert\)/);
  assert.match(facts.shown, /sizes +3 layers, width 16, 2 heads of 8, feed-forward 32, 32 positions/);
  assert.match(facts.shown, /labels +NEGATIVE, POSITIVE · single label classification/);
  assert.match(facts.shown, /tokenizer +WordPiece, \d+ entries \(vocab\.txt\); lower case yes, accents stripped yes/);
  assert.match(facts.shown, /profile +validated up to speedup 6; dropped word-vectors are merged into one/);
  assert.match(facts.shown, /retention +0\.700 0\.400 0\.200/);
  assert.match(facts.shown, /It loads\. .*32 tokens/);
  assert.match(facts.shown, /\n +4\.8 +4\.\d\d +\S+ k +\d+ +\d+ +1\n/);
});

test('DistilBERT, whose fields have other names', async () => {
  const facts = await inspect(ofParity('distilbert'));
  assert.match(facts.shown, /architecture +DistilBertForSequenceClassification \(model_type distilbert\)/);
  assert.match(facts.shown, /sizes +4 layers, width 24, 3 heads of 8, feed-forward 56, 256 positions/);
  assert.match(facts.shown, /It loads\./);
});

test('other kinds: int8, half floats, a default profile, regression, several labels', async () => {
  const int8 = await inspect(ofParity('merge-int8'));
  assert.ok(int8.weights.dtypes.I8 > 0);
  const int4 = await inspect(ofParity('discard-int4'));
  assert.ok(int4.weights.dtypes.I4 > int4.weights.dtypes.F32);
  assert.equal(int8.tokenizer.file, 'tokenizer.json');
  assert.equal(int8.sample.tokens, 128);
  const half = await inspect(ofParity('discard-f16'));
  assert.ok(half.weights.dtypes.F16 > 0);
  assert.match(half.shown, /dropped word-vectors are discarded/);
  assert.match(half.shown, /labels +CONTRA, NEUTRAL, PRO/);
  assert.match((await inspect(ofParity('no-profile'))).shown, /profile +the default one, not validated for any speed/);
  assert.match((await inspect(ofParity('one-layer'))).shown, /labels +STARS · regression/);
  const several = await inspect(ofParity('cased-multi-label'));
  assert.match(several.shown, /multi label classification/);
  assert.match(several.shown, /lower case no, accents stripped no/);
});

test('tokenizer_config.json decides how text is normalised, as in transformers', async () => {
  const path = join(folder, 'both');
  await cp(ofParity('merge-int8'), path, { recursive: true });
  assert.match((await inspect(path)).shown, /\(tokenizer\.json\); lower case yes/);
  await write('both/tokenizer_config.json', '{"do_lower_case": false}');
  assert.match((await inspect(path)).shown, /\(tokenizer\.json\); lower case no/);
  await write('both/tokenizer_config.json', '{"do_lower_case": false, "tokenizer_class": "PreTrainedTokenizerFast"}');
  assert.match((await inspect(path)).shown, /\(tokenizer\.json\); lower case yes/);
});

test('why a model does not load, with what can still be told', async () => {
  const broken = async (name, breakIt) => {
    const path = join(folder, name);
    await cp(model, path, { recursive: true });
    await breakIt(path);
    const facts = await inspect(path, 1);
    assert.equal(facts.loads, false);
    assert.equal(facts.sample, undefined);
    assert.ok(facts.shown.includes(`It does not load: ${facts.error.message} (${facts.error.code})\n`));
    return facts;
  };
  const cut = await broken('cut', (path) => truncate(join(path, 'model.safetensors'), 5000));
  assert.equal(cut.error.code, 'bad_model');
  assert.match(cut.error.message, /model\.safetensors/);
  assert.match(cut.shown, /sizes +3 layers/);

  const other = await broken('other', () =>
    write('other/config.json', '{"model_type":"gpt2","architectures":["GPT2"]}'),
  );
  assert.equal(other.error.code, 'unsupported_model');
  assert.match(other.shown, /architecture +GPT2 \(model_type gpt2\)/);

  const noJson = await broken('no-json', () => write('no-json/config.json', '{"model_type":'));
  assert.equal(noJson.error.code, 'bad_model');
  assert.equal(noJson.config, undefined);
  assert.match(noJson.shown, /weights +/);

  const pickle = await broken('pickle', (path) =>
    rename(join(path, 'model.safetensors'), join(path, 'pytorch_model.bin')),
  );
  assert.equal(pickle.error.code, 'bad_model');
  assert.match(pickle.shown, /pytorch_model\.bin is a pickle/);
  assert.match(pickle.shown, /pytorch_model\.bin +\S+ kB +\(not read\)/);

  const endless = await broken('endless', async (path) => {
    const weights = join(path, 'model.safetensors');
    await writeFile(weights, new Uint8Array(64).fill(0xff)); // a header that never ends, in a file that hardly does
    await truncate(weights, 2 ** 32);
  });
  assert.equal(endless.error.code, 'bad_model');
  assert.equal(endless.weights, undefined);

  const noVocab = await broken('no-vocab', (path) => rm(join(path, 'vocab.txt')));
  assert.match(noVocab.error.message, /tokenizer\.json \(or vocab\.txt, or vocab\.json with merges\.txt\)/);
  assert.equal(noVocab.tokenizer, undefined);

  const odd = await broken('odd', () => write('odd/profile.json', '{"version":99}'));
  assert.equal(odd.error.code, 'bad_model');
  assert.match(odd.error.message, /profile\.json/);

  for (const [name, bytes] of [
    ['no-bytes', Buffer.alloc(0)],
    ['few-bytes', Buffer.alloc(5)],
    ['huge-header', Buffer.alloc(64, 0xff)],
    ['odd-header', Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('[]')])],
  ]) {
    const facts = await broken(name, () => write(`${name}/model.safetensors`, bytes));
    assert.equal(facts.error.code, 'bad_model', name);
  }
});

test('--model DIR is DIR, and without either it is the bundled model', async () => {
  const shown = async (...args) => {
    const { code, stdout, stderr } = await latformer(['inspect', ...args]);
    assert.deepEqual([code, stderr], [0, '']);
    return stdout;
  };
  assert.equal(await shown('--model', model), await shown(model));
  const { folder, info, loads } = JSON.parse(await shown('--json'));
  assert.match(folder, /models.sentiment$/);
  assert.deepEqual([info.labels, loads], [['NEGATIVE', 'POSITIVE'], true]);
});

test('misuse, and folders that are none', async () => {
  const outcome = async (...args) => {
    const { code, stderr } = await latformer(['inspect', ...args]);
    return [code, stderr];
  };
  for (const args of [[''], ['--model', ''], [model, model], ['--model', model, model], ['--frob', model]]) {
    assert.equal((await outcome(...args))[0], 2);
  }
  const [code, stderr] = await outcome(join(folder, 'none'));
  assert.equal(code, 1);
  assert.match(stderr, /cannot inspect .*none: there is no such file or folder/);
  assert.match((await outcome(join(model, 'config.json')))[1], /cannot inspect .*config\.json: there is no such/);
});

test('--kernels tells what runs a model, and why', async () => {
  const run = async (...args) => {
    const { code, stdout, stderr } = await latformer(['inspect', '--kernels', ...args]);
    assert.deepEqual([code, stderr], [0, '']);
    return stdout;
  };
  for (const threads of threadCounts) {
    const args = ['--threads', String(threads), '--dtype', 'q8', model];
    const { info } = await pipeline('text-classification', model, { threads, dtype: 'q8' });
    const found = JSON.parse(await run('--json', ...args));
    for (const name of ['kernels', 'binary', 'threads', 'dtype']) assert.equal(found[name], info[name]);
    const shown = await run(...args);
    assert.match(shown, hasRelaxedSimd ? /relaxed SIMD +yes/ : /relaxed SIMD +no, .*Node 22/);
    assert.match(shown, new RegExp(`threads +${threads} of ${threads} asked for`));
    assert.match(shown, /dtype +q8/);
  }
  assert.match(await run(), /threads +1 by default/);
});

test('options that cannot be', async () => {
  for (const args of [
    ['--threads', '0', model],
    ['--threads', 'many', model],
    ['--dtype', 'q5', model],
    ['--kernels', model, model],
  ]) {
    const { code, stderr } = await latformer(['inspect', ...args]);
    assert.equal(code, 2);
    assert.match(stderr, /See: latformer inspect --help/);
  }
});

// process.exit() of Node 24 could wait for ever on a busy machine (nodejs/node#54918).
test('the command ends each time', { timeout: 60_000 }, async () => {
  let left = 60;
  const inspecting = async () => {
    while (left-- > 0) assert.equal((await latformer(['inspect', ofParity('../tasks/models/question')])).code, 0);
  };
  await Promise.all(Array.from({ length: 6 }, inspecting));
});
