// A small BertForSequenceClassification with random weights, as the files of a Hugging Face folder in memory.
//
// Its answers mean nothing, but they are real answers of a real model: they depend on every word, and a changed byte,
// name or shape is an error like in any other model.

const words = ['a', 'joy', 'from', 'start', 'to', 'finish', 'dull', 'film', 'the', 'good', 'bad', 'not', '.', ',', '!'];
const letters = [...'abcdefghijklmnopqrstuvwxyz0123456789'];

export const vocabulary = [
  ...['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'],
  ...new Set([...words, ...letters, ...letters.map((letter) => `##${letter}`), '##s', '##ing']),
];

export const shape = { layers: 3, hidden: 16, heads: 2, intermediate: 32, positions: 32 };

/** mulberry32: the same numbers everywhere. */
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** name -> shape, as transformers saves it. */
function tensorShapes(labels, { layers, hidden, intermediate, positions }) {
  const shapes = new Map();
  const dense = (name, outputs, inputs) =>
    shapes.set(`${name}.weight`, [outputs, inputs]).set(`${name}.bias`, [outputs]);
  const norm = (name) => shapes.set(`${name}.weight`, [hidden]).set(`${name}.bias`, [hidden]);
  shapes.set('bert.embeddings.word_embeddings.weight', [vocabulary.length, hidden]);
  shapes.set('bert.embeddings.position_embeddings.weight', [positions, hidden]);
  shapes.set('bert.embeddings.token_type_embeddings.weight', [2, hidden]);
  norm('bert.embeddings.LayerNorm');
  for (let layer = 0; layer < layers; ++layer) {
    const at = `bert.encoder.layer.${layer}`;
    for (const part of ['query', 'key', 'value']) dense(`${at}.attention.self.${part}`, hidden, hidden);
    dense(`${at}.attention.output.dense`, hidden, hidden);
    norm(`${at}.attention.output.LayerNorm`);
    dense(`${at}.intermediate.dense`, intermediate, hidden);
    dense(`${at}.output.dense`, hidden, intermediate);
    norm(`${at}.output.LayerNorm`);
  }
  dense('bert.pooler.dense', hidden, hidden);
  dense('classifier', labels, hidden);
  return shapes;
}

const dtypes = { Float64Array: 'F64', Float32Array: 'F32', Int8Array: 'I8' };

/** {name: {shape, values: Float32Array or another of dtypes}} -> the bytes of a safetensors file. */
export function safetensors(tensors) {
  const header = {};
  let size = 0;
  for (const [name, { shape: tensorShape, values }] of tensors) {
    header[name] = {
      dtype: dtypes[values.constructor.name],
      shape: tensorShape,
      data_offsets: [size, size + values.byteLength],
    };
    size += values.byteLength;
  }
  let json = JSON.stringify(header);
  json = json.padEnd(Math.ceil(json.length / 8) * 8);
  const bytes = new Uint8Array(8 + json.length + size);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(new TextEncoder().encode(json), 8);
  let at = 8 + json.length;
  for (const { values } of tensors.values()) {
    bytes.set(new Uint8Array(values.buffer), at);
    at += values.byteLength;
  }
  return bytes;
}

/** The tensors of a safetensors file, as safetensors() takes them. */
export function tensorsOf(bytes) {
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  return Object.entries(header).map(
    ([
      name,
      {
        shape,
        data_offsets: [begin, end],
      },
    ]) => {
      const values = new Float32Array(bytes.slice(8 + length + begin, 8 + length + end).buffer);
      return [name, { shape, values }];
    },
  );
}

const json = (value) => new TextEncoder().encode(JSON.stringify(value));

/**
 * The files of the model by name. `config`: fields that differ; `profile`: null for a model without one; `sizes`: those of
 * `shape` that differ.
 */
export function tinyModel({ labels = ['NEGATIVE', 'POSITIVE'], config = {}, profile = {}, seed = 1, sizes = {} } = {}) {
  const its = { ...shape, ...sizes };
  const next = random(seed);
  const tensors = new Map();
  for (const [name, tensorShape] of tensorShapes(labels.length, its)) {
    const values = new Float32Array(tensorShape.reduce((a, b) => a * b));
    const isScale = name.endsWith('LayerNorm.weight');
    for (let i = 0; i < values.length; ++i) values[i] = isScale ? 1 : 2 * next() - 1;
    tensors.set(name, { shape: tensorShape, values });
  }
  const files = {
    'config.json': json({
      architectures: ['BertForSequenceClassification'],
      model_type: 'bert',
      vocab_size: vocabulary.length,
      hidden_size: its.hidden,
      num_hidden_layers: its.layers,
      num_attention_heads: its.heads,
      intermediate_size: its.intermediate,
      max_position_embeddings: its.positions,
      type_vocab_size: 2,
      hidden_act: 'gelu',
      layer_norm_eps: 1e-12,
      id2label: Object.fromEntries(labels.map((label, id) => [id, label])),
      label2id: Object.fromEntries(labels.map((label, id) => [label, id])),
      ...config,
    }),
    'vocab.txt': new TextEncoder().encode(vocabulary.join('\n') + '\n'),
    'tokenizer_config.json': json({ do_lower_case: true, tokenizer_class: 'BertTokenizer' }),
    'model.safetensors': safetensors(tensors),
  };
  if (profile !== null) {
    files['profile.json'] = json({
      version: 1,
      retention: [0.7, 0.4, 0.2],
      dropped: 'merge',
      max_speedup: 6,
      ...profile,
    });
  }
  return files;
}

/**
 * What is different where a model's weights are in `count` files, as save_pretrained(max_shard_size) makes them. `filler`: numbers
 * that each has besides.
 */
export function inShards(files, count, filler = 0) {
  const tensors = tensorsOf(files['model.safetensors']);
  const weight_map = {};
  const changed = { 'model.safetensors': undefined };
  for (let i = 0; i < count; ++i) {
    const name = `model-${String(i + 1).padStart(5, '0')}-of-${String(count).padStart(5, '0')}.safetensors`;
    const own = tensors.filter((_, at) => at % count === i);
    if (filler > 0) own.push([`filler.${i}`, { shape: [filler], values: new Float32Array(filler) }]);
    for (const [tensor] of own) weight_map[tensor] = name;
    changed[name] = safetensors(new Map(own));
  }
  changed['model.safetensors.index.json'] = json({ metadata: { total_size: 1 }, weight_map });
  return changed;
}
