// loadTokenizer(): what Hugging Face's tokenizers give (tests/parity/tokenizer/make_goldens.py), with offsets as JavaScript counts.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'node:test';
import { loadTokenizer } from 'latformer';

const at = (path) => fileURLToPath(new URL(`../../parity/${path}`, import.meta.url));
const goldens = (path) => readFileSync(at(`tokenizer/goldens/${path}`));
const bytesOf = (hex) => (hex === '-' ? undefined : Buffer.from(hex === '.' ? '' : hex, 'hex'));
const isUtf8 = (bytes) => bytes === undefined || bytes.equals(Buffer.from(bytes.toString(), 'utf8'));

/** Encodings of the examples that no limit has cut: [{ tokenizer, text, pair, tokens }]. */
const examplesOf = (file) =>
  goldens(file)
    .toString()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, tokenizer, text, pair, , truncated, ...tokens] = line.split(' ');
      return { tokenizer, text: bytesOf(text), pair: bytesOf(pair), isCut: truncated === '1', tokens };
    })
    .filter(({ isCut, text, pair }) => !isCut && isUtf8(text) && isUtf8(pair));

const shared = (file) => readFileSync(at(`tokenizer/${file}`), 'utf8');
const vocabularies = {
  WordPiece: () => ({
    vocab: Object.fromEntries(
      shared('vocab.txt')
        .split('\n')
        .slice(0, -1)
        .map((line, id) => [line, id]),
    ),
  }),
  BPE: () => JSON.parse(shared('bpe.json')),
};

/** A tokenizer.json of `goldens/tokenizers`, with the vocabulary that all of its kind share. */
function tokenizerNamed(name) {
  const json = JSON.parse(goldens(`tokenizers/${name}.json`));
  Object.assign(json.model, vocabularies[json.model.type]());
  return Buffer.from(JSON.stringify(json));
}

async function checkExamples(name, examples, options) {
  const tokenizer = await loadTokenizer({ files: { 'tokenizer.json': tokenizerNamed(name) } }, options);
  for (const { text, pair, tokens } of examples) {
    const expected = tokens.map((token) => {
      const [id, begin, end, type, sequence, special] = token.split(',').map(Number);
      const of = sequence === 1 ? pair : text;
      const inUnits = (byte) => of.subarray(0, byte).toString().length;
      return { id, offsets: special ? [0, 0] : [inUnits(begin), inUnits(end)], type, special };
    });
    for (const add_special_tokens of [true, false]) {
      const of = expected.filter(({ special }) => add_special_tokens || special === 0);
      const given = { text_pair: pair?.toString(), add_special_tokens, offsets: true };
      const found = await tokenizer.encode(text.toString(), given);
      assert.deepEqual(
        [found.ids, found.offsets, found.token_type_ids, found.attention_mask],
        [of.map(({ id }) => id), of.map(({ offsets }) => offsets), of.map(({ type }) => type), of.map(() => 1)],
      );
      assert.equal(found.tokens.length, of.length);
    }
  }
  tokenizer.dispose();
}

describe('as Hugging Face, by tokenizer', { concurrency: 4 }, () => {
  const all = ['examples.txt', 'byte_level_examples.txt'].flatMap(examplesOf);
  const names = new Set(all.map(({ tokenizer }) => tokenizer));
  // The others are of several files; the core's tests have them.
  for (const name of [...names].filter((each) => !/^(config|merges)-/.test(each))) {
    const examples = all.filter(({ tokenizer }) => tokenizer === name);
    test(name, () => checkExamples(name, examples, { worker: false }));
  }
});

test('in a worker, in several, and in the calling thread: the bundled one, a folder, files, without a model', async () => {
  const text = 'A joy, naïvely 🎬 東';
  const tokens = ['[CLS]', 'a', 'joy', ',', 'naive', '##ly', '[UNK]', '東', '[SEP]'];
  for (const options of [{}, { workers: 2 }, { worker: false }, { worker: false, device: 'wasm', kernels: 'base' }]) {
    const tokenizer = await loadTokenizer(null, options);
    const encoded = await tokenizer.encode(text, { offsets: true });
    assert.deepEqual(encoded.tokens, tokens);
    assert.deepEqual(
      encoded.offsets.map(([begin, end]) => text.slice(begin, end)),
      ['', 'A', 'joy', ',', 'naïve', 'ly', '🎬', '東', ''],
    );
    assert.equal(await tokenizer.decode(encoded.ids), '[CLS] a joy, naively [UNK] 東 [SEP]');
    assert.equal(
      await tokenizer.decode(Int32Array.from(encoded.ids), { skip_special_tokens: true }),
      'a joy, naively 東',
    );
    assert.deepEqual(Object.keys(await tokenizer.encode('')), ['ids', 'tokens', 'attention_mask', 'token_type_ids']);
    const { ids: marked } = await tokenizer.encode("Don't! Is it? It's 3 . 5");
    assert.equal(await tokenizer.decode(marked, { skip_special_tokens: true }), "don ' t! is it? it ' s 3. 5");
    const many = await Promise.all(Array.from({ length: 20 }, (_, i) => tokenizer.encode('joy '.repeat(i))));
    assert.deepEqual(
      many.map(({ ids }) => ids.length),
      Array.from({ length: 20 }, (_, i) => i + 2),
    );
    const { type, vocab_size, max_tokens, source } = tokenizer.info;
    assert.deepEqual([type, vocab_size, max_tokens], ['WordPiece', 30522, 512]);
    assert.equal(source, 'the bundled sentiment model');
    const pending = tokenizer.encode(text).catch(({ code }) => code);
    tokenizer.dispose();
    const late = tokenizer.encode(text).catch(({ code }) => code);
    assert.deepEqual(new Set([await late, await pending]).has('disposed'), true);
  }
  const folder = await loadTokenizer(at('models/gpt2-tied-f32'));
  const { ids } = await folder.encode('Once upon a time');
  assert.equal(await folder.decode(ids), 'Once upon a time');
  folder.dispose();
  const vocab = Buffer.from('[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\njoy\n');
  const small = await loadTokenizer({ files: { 'vocab.txt': vocab } }, { worker: false });
  assert.deepEqual((await small.encode('a joy', { text_pair: 'a' })).token_type_ids, [0, 0, 0, 0, 1, 1]);
  small.dispose();
});

test('what cannot be is told, with a code or the type of the error', async () => {
  await assert.rejects(loadTokenizer({ files: { 'config.json': Buffer.from('{}') } }), { code: 'bad_model' });
  await assert.rejects(loadTokenizer({ files: { 'tokenizer.json': Buffer.from('{') } }), { code: 'bad_model' });
  await assert.rejects(loadTokenizer(at('models/none')), { code: 'bad_model', message: /there is no such folder/ });
  await assert.rejects(loadTokenizer(null, { treads: 2 }), TypeError);
  const tokenizer = await loadTokenizer(null, { worker: false });
  for (const [call, error] of [
    [() => tokenizer.encode(17), TypeError],
    [() => tokenizer.encode('a', { pair: 'b' }), TypeError],
    [() => tokenizer.encode('a', { add_special_tokens: 1 }), TypeError],
    [() => tokenizer.decode('12'), TypeError],
    [() => tokenizer.decode(['1']), TypeError],
    [() => tokenizer.decode([1.5]), RangeError],
    [() => tokenizer.decode([-1]), RangeError],
  ]) {
    await assert.rejects(call, error);
  }
  assert.equal(await tokenizer.decode([2 ** 31 - 1]), '');
  assert.deepEqual((await tokenizer.encode('\ud800a')).tokens, ['[CLS]', 'a', '[SEP]']); // U+FFFD, which BERT leaves out
  tokenizer.dispose();
});
