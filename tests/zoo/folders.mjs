// The zoo: model folders that are damaged, contradict themselves, or are of a kind that is not run, each by its name, with
// the code of the error that it must give. They are made from one small sound model.
import { tinyModel } from '../js/support/tiny_model.mjs';

const encode = (text) => new TextEncoder().encode(text);
const decode = (bytes) => new TextDecoder().decode(bytes);
const sound = () => tinyModel();

/** name -> {files, code} */
export const zoo = new Map();
function add(name, files, code = 'bad_model') {
  if (zoo.has(name)) throw new Error(`two folders are called ${name}`);
  zoo.set(name, { files, code });
}

/** The sound folder with some files changed: bytes, text, or null for none. */
function changed(changes) {
  const files = { ...sound() };
  for (const [name, content] of Object.entries(changes)) {
    if (content === null) delete files[name];
    else files[name] = typeof content === 'string' ? encode(content) : content;
  }
  return files;
}

/** JSON of the sound folder, edited. */
const edited = (name, edit) => {
  const value = JSON.parse(decode(sound()[name]));
  return { [name]: JSON.stringify(edit(value) ?? value) };
};
const config = (fields) => changed(edited('config.json', (value) => void Object.assign(value, fields)));
const profile = (fields) => changed(edited('profile.json', (value) => void Object.assign(value, fields)));

// Whatever else a file may be.
const page = '<!DOCTYPE html><html><head><title>Sign in</title></head><body>404</body></html>';
const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 133466304\n`;
for (const name of ['config.json', 'profile.json', 'tokenizer_config.json']) {
  const text = decode(sound()[name]);
  add(`${name}: not JSON`, changed({ [name]: 'hidden_size = 16' }));
  add(`${name}: broken off`, changed({ [name]: text.slice(0, -2) }));
  add(`${name}: an array`, changed({ [name]: '[]' }));
  add(`${name}: a string`, changed({ [name]: '"bert"' }));
  add(`${name}: a page`, changed({ [name]: page }));
  add(`${name}: a pointer of git-lfs`, changed({ [name]: pointer }));
  add(`${name}: something behind it`, changed({ [name]: `${text} {}` }));
  add(`${name}: a comma too many`, changed({ [name]: text.replace(/\}$/, ',}') }));
  add(`${name}: UTF-16`, changed({ [name]: new Uint8Array(Buffer.from(`\ufeff${text}`, 'utf16le')) }));
  add(`${name}: zeros`, changed({ [name]: new Uint8Array(1000) }));
  add(`${name}: brackets without end`, changed({ [name]: '['.repeat(100_000) }));
}

add('config.json: none', changed({ 'config.json': null }));
add('config.json: empty', changed({ 'config.json': '' }));
add('config.json: null', changed({ 'config.json': 'null' }));
const sizes = ['vocab_size', 'hidden_size', 'num_hidden_layers', 'num_attention_heads', 'intermediate_size'];
for (const field of [...sizes, 'max_position_embeddings']) {
  add(`${field}: none`, config({ [field]: undefined }));
  add(`${field}: zero`, config({ [field]: 0 }));
  add(`${field}: below zero`, config({ [field]: -16 }));
  add(`${field}: a fraction`, config({ [field]: 16.5 }));
  add(`${field}: a text`, config({ [field]: '16' }));
  add(`${field}: absurd`, config({ [field]: 1e15 }));
  add(`${field}: null`, config({ [field]: null }));
}
add('heads that do not divide', config({ num_attention_heads: 3 }));
add('more layers than weights', config({ num_hidden_layers: 4 }), 'bad_model');
add('a wider model than its weights', config({ hidden_size: 32 }));
add('more positions than weights', config({ max_position_embeddings: 512 }));
add('more labels than weights', config({ id2label: { 0: 'a', 1: 'b', 2: 'c' }, label2id: undefined }));
add('labels with a hole', config({ id2label: { 0: 'a', 2: 'c' }, label2id: undefined }));
add('labels that are a list', config({ id2label: ['a', 'b'], label2id: undefined }));
add('layer_norm_eps: zero', config({ layer_norm_eps: 0 }));
add('layer_norm_eps: below zero', config({ layer_norm_eps: -1e-12 }));
add('layer_norm_eps: a text', config({ layer_norm_eps: 'small' }));
add('type_vocab_size: zero', config({ type_vocab_size: 0 }));
add('architectures: a text', config({ architectures: 'BertForSequenceClassification' }));

const unsupported = 'unsupported_model';
for (const type of ['roberta', 'deberta-v2', 't5', 'vit', 'whisper'])
  add(`model_type: ${type}`, config({ model_type: type, architectures: undefined }), unsupported);
add('a head for every token', config({ architectures: ['BertForTokenClassification'] }), unsupported);
add('a head for questions', config({ architectures: ['BertForQuestionAnswering'] }), unsupported);
add('an activation nobody knows', config({ hidden_act: 'swishy' }), unsupported);
add('relative positions', config({ position_embedding_type: 'relative_key_query' }), unsupported);
add('a decoder', config({ is_decoder: true }), unsupported);
add('cross attention', config({ add_cross_attention: true, is_decoder: true }), unsupported);
add('pruned heads', config({ pruned_heads: { 0: [1] } }), unsupported);
add('code of its own', config({ auto_map: { AutoModel: 'modeling.MyBert' } }), unsupported);
for (const method of ['bitsandbytes', 'gptq', 'awq', 'fp8'])
  add(`quantised by ${method}`, config({ quantization_config: { quant_method: method, bits: 4 } }), unsupported);
add('a problem of its own', config({ problem_type: 'ranking' }), unsupported);

// model.safetensors
const weights = () => sound()['model.safetensors'];
const headerSize = (file) => Number(new DataView(file.buffer).getBigUint64(0, true));
const headerOf = (file) => JSON.parse(decode(file.subarray(8, 8 + headerSize(file))));
const dataOf = (file) => file.subarray(8 + headerSize(file));
function file(header, data) {
  const json = encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}
const model = (content) => changed({ 'model.safetensors': content });
/** The header edited; the bytes behind it stay. */
const headed = (edit) => {
  const header = headerOf(weights());
  return model(file(edit(header) ?? header, dataOf(weights())));
};
/** The values of one tensor set to something. */
const valued = (name, put) => {
  const bytes = weights();
  const [begin, end] = headerOf(bytes)[name].data_offsets;
  const at = bytes.byteOffset + 8 + headerSize(bytes);
  put(new DataView(bytes.buffer, at + begin, end - begin));
  return model(bytes);
};
const length = (value) => {
  const bytes = weights();
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return model(bytes);
};

add('weights: none', model(null));
add('weights: empty', model(''));
add('weights: seven bytes', model('1234567'));
add('weights: a page', model(page));
add('weights: a pointer of git-lfs', model(pointer));
add('weights: a zip of PyTorch', model(`PK\x03\x04${'\0'.repeat(26)}archive/data.pkl${'\x80\x02}'.repeat(100)}`));
add('weights: GGUF', model(`GGUF\x03${'\0'.repeat(100)}`));
add('weights: ONNX', model('\x08\x07\x12\x07pytorch\x1a\x052.0.0'.repeat(10)));
add('weights: a header of no length', length(0n));
add('weights: a header longer than the file', length(1n << 20n));
add('weights: a header of 2^63 bytes', length(1n << 63n));
add('weights: a header of 2^64 - 1 bytes', length((1n << 64n) - 1n));
add('weights: a header that is cut', length(100n));
add('weights: a header that is no JSON', model(file('{"a": ', new Uint8Array(0))));
add('weights: a header that is a list', model(file('[]', new Uint8Array(0))));
add('weights: no tensor', model(file('{}', new Uint8Array(0))), unsupported);
add('weights: a byte too few', model(weights().subarray(0, -1)));
add('weights: a byte too many', model(new Uint8Array([...weights(), 0])));
add('weights: half of them', model(weights().slice(0, weights().length / 2)));
const table = 'bert.embeddings.word_embeddings.weight';
const bias = 'classifier.bias';
for (const name of [table, bias, 'bert.encoder.layer.1.attention.self.key.weight', 'bert.pooler.dense.bias']) {
  add(
    `weights: no ${name}`,
    headed((header) => void delete header[name]),
  );
  add(
    `weights: ${name} of another name`,
    headed((header) => {
      header[`other.${name}`] = header[name];
      delete header[name];
    }),
  );
}
const field = (name, fields) => headed((header) => void Object.assign(header[name], fields));
const shapeOf = (name) => headerOf(weights())[name].shape;
const offsetsOf = (name) => headerOf(weights())[name].data_offsets;
add('weights: a shape the wrong way round', field(table, { shape: [...shapeOf(table)].reverse() }));
add('weights: a shape of three', field(table, { shape: [...shapeOf(table), 1] }));
add('weights: a shape below zero', field(table, { shape: [-1, 16] }));
add('weights: a shape that overflows', field(table, { shape: [2 ** 40, 2 ** 40] }));
add('weights: a shape of fractions', field(table, { shape: [1.5, 16] }));
add('weights: a shape that is a text', field(table, { shape: 'all' }));
add('weights: no shape', field(table, { shape: undefined }));
add('weights: no offsets', field(table, { data_offsets: undefined }));
add('weights: offsets that end before they begin', field(table, { data_offsets: [...offsetsOf(table)].reverse() }));
add('weights: offsets below zero', field(table, { data_offsets: [-4, offsetsOf(table)[1]] }));
add('weights: offsets past the end', field(bias, { data_offsets: [1e9, 1e9 + 8] }));
add('weights: offsets of one number', field(table, { data_offsets: [0] }));
add('weights: offsets that overlap', field(bias, { data_offsets: [0, 8] }));
add('weights: a type nobody knows', field(table, { dtype: 'F12' }));
add('weights: a type of another size', field(table, { dtype: 'F16' }));
add('weights: a type that is a number', field(table, { dtype: 32 }));
add('weights: whole numbers', field(table, { dtype: 'I32' }), unsupported);
add(
  'weights: int8 without scales',
  headed((header) => {
    const { shape, data_offsets } = header[table];
    header[table] = { dtype: 'I8', shape: [shape[0], shape[1] * 4], data_offsets };
  }),
);
add(
  'weights: two of one name',
  (() => {
    const header = JSON.stringify(headerOf(weights()));
    return model(
      file(
        `${header.slice(0, -1)},${JSON.stringify(bias)}:${JSON.stringify(headerOf(weights())[bias])}}`,
        dataOf(weights()),
      ),
    );
  })(),
);
const values = { 'not a number': NaN, infinite: Infinity, 'infinite below zero': -Infinity };
for (const [kind, value] of Object.entries(values)) {
  for (const name of [table, bias, 'bert.embeddings.LayerNorm.weight', 'bert.encoder.layer.2.output.dense.weight']) {
    add(
      `weights: ${kind} in ${name}`,
      valued(name, (view) => view.setFloat32(view.byteLength - 4, value, true)),
    );
  }
}

// Tokenizers
const vocabulary = decode(sound()['vocab.txt']).trimEnd().split('\n');
const vocab = (words) => changed({ 'vocab.txt': `${words.join('\n')}\n` });
add('tokenizer: none', changed({ 'vocab.txt': null }));
add('vocab.txt: empty', changed({ 'vocab.txt': '' }));
for (const token of ['[UNK]', '[CLS]', '[SEP]'])
  add(`vocab.txt: no ${token}`, vocab(vocabulary.map((word) => (word === token ? `${word}x` : word))));
add('vocab.txt: more words than the table', vocab([...vocabulary, 'one', 'more']));
add('vocab.txt: a page', changed({ 'vocab.txt': page }));
add('vocab.txt: a pointer of git-lfs', changed({ 'vocab.txt': pointer }));

const tokenizer = (edit = () => {}) => {
  const value = {
    version: '1.0',
    added_tokens: [{ id: 4, content: '[MASK]', special: true, lstrip: true }],
    normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, lowercase: true },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: { type: 'BertProcessing', cls: ['[CLS]', 2], sep: ['[SEP]', 3] },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary.map((word, id) => [word, id])),
    },
  };
  return changed({ 'tokenizer.json': JSON.stringify(edit(value) ?? value) });
};
const part = (name, fields) => tokenizer((value) => void (value[name] = { ...value[name], ...fields }));
add('tokenizer.json: not JSON', changed({ 'tokenizer.json': 'WordPiece' }));
add('tokenizer.json: broken off', changed({ 'tokenizer.json': decode(tokenizer()['tokenizer.json']).slice(0, 900) }));
add('tokenizer.json: a list', changed({ 'tokenizer.json': '[]' }));
add('tokenizer.json: a page', changed({ 'tokenizer.json': page }));
add('tokenizer.json: a pointer of git-lfs', changed({ 'tokenizer.json': pointer }));
add(
  'tokenizer.json: no model',
  tokenizer((value) => void delete value.model),
);
for (const type of ['BPE', 'WordLevel']) add(`tokenizer.json: ${type}`, part('model', { type }), unsupported);
add('tokenizer.json: Unigram without its list', part('model', { type: 'Unigram' }));
add('tokenizer.json: no vocabulary', part('model', { vocab: undefined }));
add('tokenizer.json: a vocabulary that is a text', part('model', { vocab: 'all words' }));
add('tokenizer.json: a vocabulary of nothing', part('model', { vocab: {} }));
add('tokenizer.json: ids below zero', part('model', { vocab: { '[UNK]': 0, '[CLS]': 2, '[SEP]': 3, a: -1 } }));
add('tokenizer.json: ids that are fractions', part('model', { vocab: { '[UNK]': 0, '[CLS]': 2, '[SEP]': 3, a: 4.5 } }));
add('tokenizer.json: ids past the table', part('model', { vocab: { '[UNK]': 0, '[CLS]': 2, '[SEP]': 3, a: 1e6 } }));
add('tokenizer.json: unknown words unknown', part('model', { unk_token: '<nothing>' }));
add('tokenizer.json: a normalizer of another kind', part('normalizer', { type: 'Precompiled' }), unsupported);
add('tokenizer.json: a pre-tokenizer of another kind', part('pre_tokenizer', { type: 'ByteLevel' }), unsupported);
add(
  'tokenizer.json: a post-processor of another kind',
  part('post_processor', { type: 'SidewaysProcessing' }),
  unsupported,
);
add(
  'tokenizer.json: added tokens past the table',
  tokenizer((value) => void value.added_tokens.push({ id: 1e6, content: '<x>' })),
);
for (const name of ['RobertaTokenizer', 'BertJapaneseTokenizer', 'T5Tokenizer'])
  add(
    `tokenizer_class: ${name}`,
    changed(edited('tokenizer_config.json', () => ({ tokenizer_class: name }))),
    unsupported,
  );
add('do_lower_case: a text', changed(edited('tokenizer_config.json', () => ({ do_lower_case: 'yes' }))));

// profile.json
add('profile: of two layers', profile({ retention: [0.7, 0.4] }));
add('profile: keeps more than all', profile({ retention: [1.1, 0.4, 0.2] }));
add('profile: keeps nothing', profile({ retention: [0.7, 0, 0] }));
add('profile: keeps more again', profile({ retention: [0.4, 0.7, 0.2] }));
add('profile: texts', profile({ retention: ['0.7', '0.4', '0.2'] }));
add('profile: of another version', profile({ version: 2 }));
add('profile: of no version', profile({ version: undefined }));
add('profile: drops how?', profile({ dropped: 'burn' }));
add('profile: a speedup below 1', profile({ max_speedup: 0.5 }));
add('profile: a speedup that is a text', profile({ max_speedup: 'fast' }));
add('profile: a shape nobody knows', profile({ retention: undefined, shape: 'spiral' }));
add('profile: no retention and no shape', profile({ retention: undefined }));
