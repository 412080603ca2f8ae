// docs/models.md against the code: each row of its tables is a key of a file, and a model with another value of it.
//
//   read             another answer, or an error
//   refused          an error that names the key
//   without effect   the same answer
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pipeline } from 'latformer';
import { tinyModel, vocabulary } from '../support/tiny_model.mjs';

const read = (url) => readFileSync(new URL(url, import.meta.url));
const bytes = (value) => new TextEncoder().encode(JSON.stringify(value));
const parse = (content) => JSON.parse(new TextDecoder().decode(content));

function folder(name) {
  const path = fileURLToPath(new URL(`../../parity/models/${name}/`, import.meta.url));
  return Object.fromEntries(readdirSync(path).map((file) => [file, new Uint8Array(readFileSync(path + file))]));
}

// --- Models, small and whole ---

const specialTokens = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
const special = (content, id) => ({ id, content, special: true, normalized: false });
const piece = (id, type_id) =>
  id === 'A' || id === 'B' ? { Sequence: { id, type_id } } : { SpecialToken: { id, type_id } };
const wordPiece = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: specialTokens.map(special),
  normalizer: {
    type: 'BertNormalizer',
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: {
    type: 'TemplateProcessing',
    single: [piece('[CLS]', 0), piece('A', 0), piece('[SEP]', 0)],
    pair: [piece('[CLS]', 0), piece('A', 0), piece('[SEP]', 0), piece('B', 1), piece('[SEP]', 1)],
    special_tokens: { '[CLS]': { ids: [2] }, '[SEP]': { ids: [3] } },
  },
  decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
  },
};

const bert = tinyModel({ profile: null });
const without = (files, name) => Object.fromEntries(Object.entries(files).filter(([each]) => each !== name));
const bertJson = {
  ...without(bert, 'vocab.txt'),
  'tokenizer.json': bytes(wordPiece),
  'tokenizer_config.json': bytes({ tokenizer_class: 'PreTrainedTokenizerFast', model_input_names: ['token_type_ids'] }),
};
const gpt2 = folder('gpt2-tied-f32');
const gpt2Json = parse(gpt2['tokenizer.json']);
const gpt2Vocab = {
  ...without(gpt2, 'tokenizer.json'),
  'vocab.json': bytes({ ...gpt2Json.model.vocab, '<|endoftext|>': 300 }),
  'merges.txt': new TextEncoder().encode(
    gpt2Json.model.merges.map((merge) => `${Array.isArray(merge) ? merge.join(' ') : merge}\n`).join(''),
  ),
};
const letters = ['<unk>', '<s>', '</s>', 'Ġ', ...'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRST'].slice(
  0,
  60,
);
const llama = {
  ...folder('llama-grouped'),
  'tokenizer.json': bytes({
    ...gpt2Json,
    added_tokens: [],
    model: { ...gpt2Json.model, vocab: Object.fromEntries(letters.map((token, id) => [token, id])), merges: [] },
  }),
};
const roberta = without(folder('roberta'), 'profile.json');
const electra = without(folder('electra'), 'profile.json');
const albert = without(folder('albert'), 'profile.json');
const xlmRoberta = without(folder('xlm-roberta'), 'profile.json');
const mpnet = without(folder('mpnet'), 'profile.json');
const distilbert = without(folder('distilbert'), 'profile.json');

// --- What they answer ---

const long = 'a joy from start to finish not good film the bad dull '.repeat(5);
const texts = [
  'A Joy from start to finish, not dull.',
  'enjoyable café b [MASK] [sep] x北y ~ dull\u0007film.',
  { text: 'a joy', text_pair: 'not good' },
  long,
];
const prompts = ['Once upon a time', 'a', 'hello 12 and <|endoftext|>more'];

async function classified(files) {
  const classify = await pipeline('text-classification', { files }, { kernels: 'base' });
  const answers = await classify(texts, { top_k: null, stats: true });
  classify.dispose();
  for (const { stats } of answers.flat()) stats.milliseconds = 0;
  return JSON.stringify(answers);
}

async function generated(files) {
  const short = 'generation_config.json' in files ? {} : { max_new_tokens: 12 };
  const generate = await pipeline('text-generation', { files }, { kernels: 'base' });
  const answers = await generate(prompts, { stats: true, seed: 7, return_full_text: false, ...short });
  generate.dispose();
  return JSON.stringify(
    answers.flat().map(({ stats: { prompt_tokens }, ...answer }) => ({ ...answer, prompt_tokens })),
  );
}

const hash = (text) => createHash('sha256').update(text).digest('base64');
const answerOf = async (files) =>
  hash(
    await (
      /"model_type": ?"(gpt2|llama)"/.test(new TextDecoder().decode(files['config.json'])) ? generated : classified
    )(files),
  );

const answers = new Map(); // by what the files hold; most rows begin with the same
async function remembered(files) {
  const key = Object.entries(files)
    .map(([name, content]) =>
      name === 'model.safetensors' ? content.length : `${name}${new TextDecoder().decode(content)}`,
    )
    .join();
  if (!answers.has(key)) answers.set(key, await answerOf(files));
  return answers.get(key);
}

// --- The rows ---

/** `files` with keys of one of them, 'a.b' for one in another; undefined takes a key away. */
function withKeys(files, file, keys) {
  const root = file in files ? parse(files[file]) : {};
  for (const [path, value] of Object.entries(keys)) {
    const names = file === 'tokenizer.json' ? path.split('.') : [path];
    const last = names.pop();
    let at = root;
    for (const name of names) at = at[name];
    at[last] = value;
  }
  return { ...files, [file]: bytes(root) };
}

/** A value, and what else is in the file, for both answers. */
const beside = (value, others) => ({ value, others });
/** A value of another key than the row's name. */
const at = (key, value) => ({ key, value });
const isSpecial = (value) =>
  typeof value === 'object' && value !== null && ('others' in value || ('key' in value && 'value' in value));

const yes = (...names) => Object.fromEntries(names.map((name) => [name, true]));
const halves = (...names) => Object.fromEntries(names.map((name) => [name, 0.5]));
// Keys that all encoders have which compute as BERT does.
const asBert = {
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 8,
  max_position_embeddings: 16,
  type_vocab_size: 3,
  hidden_act: 'relu',
  layer_norm_eps: 0.5,
  position_embedding_type: 'relative_key',
  ...yes('is_decoder', 'add_cross_attention', 'is_encoder_decoder'),
  ...halves('hidden_dropout_prob', 'attention_probs_dropout_prob', 'classifier_dropout'),
  tie_word_embeddings: false,
  is_causal: true,
};
const sections = {
  'config.json of every model': {
    bases: [bert, llama],
    file: 'config.json',
    keys: {
      model_type: 'xlnet',
      architectures: ['BertForMultipleChoice'],
      vocab_size: 10,
      auto_map: { AutoModel: 'own.Model' },
      pruned_heads: { 0: [1] },
      per_layer_config: { 0: { intermediate_size: 4 } },
      quantization_config: { quant_method: 'gptq' },
      tokenizer_class: undefined, // below
      dtype: 'float16',
      torch_dtype: 'bfloat16',
      transformers_version: '3.0',
      _name_or_path: 'x',
      name_or_path: 'x',
      return_dict: false,
      ...yes('output_hidden_states', 'output_attentions', 'gradient_checkpointing', 'do_sample', 'tie_encoder_decoder'),
      use_cache: false,
      chunk_size_feed_forward: 2,
      initializer_range: 7,
      attn_implementation: 'eager',
      _attn_implementation: 'eager',
      bos_token_id: 5,
      pad_token_id: 5,
      sep_token_id: 5,
      cls_token_id: 5,
      task_specific_params: {
        'text-classification': { problem_type: 'regression' },
        'text-generation': { max_length: 1 },
      },
      function_to_apply: 'none',
      tie_last_hidden_states: true,
      finetuning_task: 'sst-2',
      temperature: 9,
      top_k: 1,
      top_p: 0.1,
      repetition_penalty: 9,
      max_length: 1,
      sliding_window: 2,
      layer_types: ['sliding_attention', 'sliding_attention', 'sliding_attention', 'sliding_attention'],
      cross_attention_hidden_size: 4,
    },
  },
  'config.json of a classifier': {
    bases: [bert],
    file: 'config.json',
    keys: {
      id2label: { 0: 'x', 1: 'y' },
      label2id: beside({ x: 0, y: 1 }, { id2label: undefined }),
      num_labels: beside(3, { id2label: undefined, label2id: undefined }),
      problem_type: 'multi_label_classification',
      _num_labels: 3,
      output_past: true,
    },
  },
  'config.json of BERT': {
    bases: [bert],
    file: 'config.json',
    keys: {
      ...asBert,
      eos_token_id: 5,
      directionality: 'bidi',
      pooler_fc_size: 8,
      pooler_num_attention_heads: 2,
      pooler_num_fc_layers: 2,
      pooler_size_per_head: 2,
      pooler_type: 'x',
    },
  },
  'config.json of RoBERTa, XLM-RoBERTa and CamemBERT': {
    bases: [roberta, xlmRoberta],
    file: 'config.json',
    keys: { ...asBert, max_position_embeddings: 100, pad_token_id: 4, eos_token_id: 5 },
  },
  'config.json of ELECTRA': {
    bases: [electra],
    file: 'config.json',
    keys: {
      ...asBert,
      embedding_size: 12,
      pad_token_id: 5,
      eos_token_id: 5,
      summary_type: 'mean',
      summary_use_proj: false,
      summary_activation: 'tanh',
      summary_last_dropout: 0.5,
    },
  },
  'config.json of ALBERT': {
    bases: [albert],
    file: 'config.json',
    keys: {
      ...Object.fromEntries(Object.entries(asBert).filter(([key]) => key !== 'classifier_dropout')),
      embedding_size: 12,
      num_hidden_groups: 2,
      inner_group_num: 2,
      classifier_dropout_prob: 0.5,
      pad_token_id: 5,
      eos_token_id: 5,
    },
  },
  'config.json of MPNet': {
    bases: [mpnet],
    file: 'config.json',
    keys: {
      ...Object.fromEntries(Object.entries(asBert).filter(([key]) => key !== 'type_vocab_size')),
      max_position_embeddings: 100,
      num_hidden_layers: 3,
      relative_attention_num_buckets: 31,
      pad_token_id: 4,
      eos_token_id: 5,
    },
  },
  'config.json of DistilBERT': {
    bases: [distilbert],
    file: 'config.json',
    keys: {
      dim: 12,
      n_layers: 3,
      n_heads: 4,
      hidden_dim: 8,
      activation: 'relu',
      max_position_embeddings: 128,
      hidden_size: 12,
      num_hidden_layers: 3, // contradicts n_layers
      num_attention_heads: 4,
      sinusoidal_pos_embds: true,
      layer_norm_eps: 0.5,
      ...halves('dropout', 'attention_dropout', 'qa_dropout', 'seq_classif_dropout'),
      tie_weights_: false,
      tie_word_embeddings: false,
    },
  },
  'config.json of GPT-2': {
    bases: [gpt2],
    file: 'config.json',
    keys: {
      n_positions: 100,
      n_embd: 12,
      n_layer: 2,
      n_head: 5,
      n_inner: 8,
      activation_function: 'silu', // refused
      layer_norm_epsilon: -1,
      scale_attn_weights: false,
      scale_attn_by_inverse_layer_idx: true,
      tie_word_embeddings: false,
      eos_token_id: Array.from({ length: 300 }, (_, id) => id),
      hidden_size: 12,
      max_position_embeddings: 100,
      num_hidden_layers: 2, // contradicts n_layer
      num_attention_heads: 4,
      ...yes('add_cross_attention', 'is_encoder_decoder', 'reorder_and_upcast_attn'),
      is_causal: false,
      prefix: 'x',
      n_ctx: 7,
      ...halves('attn_pdrop', 'embd_pdrop', 'resid_pdrop', 'summary_first_dropout'),
      summary_type: 'mean',
      summary_use_proj: false,
      summary_activation: 'tanh',
      summary_proj_to_labels: false,
    },
  },
  'config.json of Llama': {
    bases: [llama],
    file: 'config.json',
    keys: {
      hidden_size: 12,
      intermediate_size: 8,
      num_hidden_layers: 2,
      num_attention_heads: 3,
      num_key_value_heads: 3,
      head_dim: 6,
      max_position_embeddings: 0,
      hidden_act: 'gelu',
      rms_norm_eps: 0.5,
      rope_theta: beside(10, { rope_parameters: undefined }),
      rope_scaling: beside({ rope_type: 'linear', factor: 4 }, { rope_parameters: undefined }),
      rope_parameters: { rope_type: 'default', rope_theta: 10 },
      partial_rotary_factor: 0.5,
      attention_bias: true,
      mlp_bias: true,
      tie_word_embeddings: false,
      eos_token_id: letters.map((_, id) => id),
      is_causal: false,
      is_encoder_decoder: true,
      prefix: 'x',
      pretraining_tp: 2,
      attention_dropout: 0.5,
      rope_interleaved: true,
    },
  },
  'tokenizer_config.json': {
    bases: [bert, bertJson],
    file: 'tokenizer_config.json',
    keys: {
      tokenizer_class: undefined, // below
      do_lower_case: beside(false, { tokenizer_class: 'BertTokenizer' }),
      strip_accents: beside(false, { tokenizer_class: 'BertTokenizer' }),
      tokenize_chinese_chars: beside(false, { tokenizer_class: 'BertTokenizer' }),
      truncation_side: 'left',
      model_max_length: 6,
      max_len: 6,
      model_input_names: beside(['input_ids'], { tokenizer_class: 'BertTokenizer' }),
      split_special_tokens: true,
      ...Object.fromEntries(
        ['unk_token', 'sep_token', 'cls_token'].map((key) => [key, beside('a', { tokenizer_class: 'BertTokenizer' })]),
      ),
      mask_token: { content: '[MASK]', lstrip: 'x' },
      pad_token: 'joy',
      bos_token: 'joy',
      eos_token: { content: 'joy', lstrip: true },
      image_token: 'joy',
      additional_special_tokens: ['joy'],
      extra_special_tokens: { x: 'joy' },
      added_tokens_decoder: { 5: { content: 'joy', special: true } },
      do_basic_tokenize: undefined, // below
      never_split: ['joy', 'Joy'],
      ...yes('clean_up_tokenization_spaces', 'add_bos_token', 'add_eos_token', 'is_local', 'verbose'),
      padding_side: 'left',
      pad_token_type_id: 1,
      pad_to_multiple_of: 8,
      name_or_path: 'x',
      special_tokens_map_file: 'x',
      processor_class: 'x',
      backend: 'x',
      max_length: 4,
      stride: 2,
      truncation_strategy: 'only_first',
    },
    rest: {
      bases: [gpt2Vocab],
      keys: {
        trim_offsets: false,
        add_prefix_space: true,
        add_bos_token: true,
        add_eos_token: true,
        chat_template: 5,
        clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output: beside(true, {
          clean_up_tokenization_spaces: true,
        }),
        errors: 'strict',
      },
    },
  },
  'special_tokens_map.json': {
    bases: [bert],
    file: 'special_tokens_map.json',
    keys: { cls_token: 'a', additional_special_tokens: ['joy'] },
  },
  'added_tokens.json': { bases: [bert, bertJson], file: 'added_tokens.json', keys: { '[ADDED]': at('joy', 6) } },
  'tokenizer.json': {
    bases: [bertJson],
    file: 'tokenizer.json',
    keys: {
      version: '2.0',
      truncation: { direction: 'Left', max_length: 4, strategy: 'LongestFirst', stride: 0 },
      padding: { strategy: { Fixed: 20 }, direction: 'Right', pad_id: 5, pad_type_id: 0, pad_token: 'joy' },
      added_tokens: [],
      normalizer: null,
      'normalizer.clean_text': false,
      'normalizer.handle_chinese_chars': false,
      'normalizer.strip_accents': false,
      'normalizer.lowercase': beside(false, { 'normalizer.strip_accents': true }),
      pre_tokenizer: { type: 'Whitespace' },
      post_processor: null,
      decoder: null,
      'model.type': 'WordLevel',
      'model.vocab': { ...wordPiece.model.vocab, a: 6, joy: 5 },
      'model.unk_token': 'a',
      'model.continuing_subword_prefix': '@@',
      'model.max_input_chars_per_word': 3,
    },
    rest: [
      {
        bases: [gpt2],
        keys: {
          'bpe normalizer': at('normalizer', { type: 'NFC' }),
          'pre_tokenizer.add_prefix_space': 'x', // GPT2Tokenizer decides; it is read all the same
          'pre_tokenizer.use_regex': 'x',
          'pre_tokenizer.trim_offsets': false,
          'model.merges': [],
          'model.dropout': 0.5,
          'model.unk_token of BPE': at('model.unk_token', 'none such'),
          'model.continuing_subword_prefix of BPE': at('model.continuing_subword_prefix', '##'),
          'model.end_of_word_suffix': '</w>',
          'model.fuse_unk': true,
          'model.byte_fallback': true,
          'model.ignore_merges': 'x',
          'bpe decoder': at('decoder', { type: 'WordPiece' }),
        },
      },
      {
        bases: [xlmRoberta],
        keys: {
          'unigram normalizer': at('normalizer', { type: 'Lowercase' }),
          'normalizer.precompiled_charsmap': null,
          'normalizer.content': at('normalizer', { type: 'Replace', pattern: { String: 'o' }, content: 'a' }),
          'normalizer.pattern': at('normalizer', { type: 'Replace', pattern: { Regex: '(o)' }, content: 'a' }),
          'normalizer.prepend': at('normalizer', { type: 'Prepend', prepend: 'zz' }),
          'normalizer.strip_left': at('normalizer', { type: 'Strip', strip_left: 'x', strip_right: true }),
          'normalizer.strip_right': at('normalizer', { type: 'Strip', strip_left: true, strip_right: 'x' }),
          'unigram pre_tokenizer': at('pre_tokenizer', { type: 'Whitespace' }),
          'pre_tokenizer.replacement': at('pre_tokenizer.pretokenizers.1.replacement', '_'),
          'pre_tokenizer.prepend_scheme': at('pre_tokenizer.pretokenizers.1.prepend_scheme', 'never'),
          'pre_tokenizer.add_prefix_space of Metaspace': at('pre_tokenizer', {
            type: 'Metaspace',
            replacement: '\u2581',
            add_prefix_space: false,
          }),
          'pre_tokenizer.split': at('pre_tokenizer.pretokenizers.1.split', 'x'),
          'pre_tokenizer.behavior': at('pre_tokenizer', { type: 'Punctuation', behavior: 'Removed' }),
          'pre_tokenizer.invert': at('pre_tokenizer', {
            type: 'Split',
            pattern: { String: 'o' },
            behavior: 'Removed',
            invert: true,
          }),
          'pre_tokenizer.pattern': at('pre_tokenizer', {
            type: 'Split',
            pattern: { Regex: '(o)' },
            behavior: 'Removed',
          }),
          'pre_tokenizer.delimiter': at('pre_tokenizer', { type: 'CharDelimiterSplit', delimiter: 'o' }),
          'pre_tokenizer.individual_digits': at('pre_tokenizer', { type: 'Digits', individual_digits: 'x' }),
          'model.unk_id': 5,
          'model.vocab of Unigram': at('model.vocab', [['a', 0]]),
          'model.byte_fallback of Unigram': at('model.byte_fallback', 'x'),
          'model.alpha': 0.1,
          'model.nbest_size': 4,
          'unigram decoder': at('decoder', { type: 'WordPiece' }),
        },
      },
    ],
  },
  'generation_config.json': {
    bases: [withKeys(gpt2, 'generation_config.json', { max_new_tokens: 12 })],
    file: 'generation_config.json',
    keys: {
      max_new_tokens: 3,
      do_sample: beside(true, { temperature: 9 }),
      temperature: beside(9, { do_sample: true }),
      top_k: beside(1, { do_sample: true, temperature: 9 }),
      top_p: beside(0.01, { do_sample: true, temperature: 9 }),
      min_p: beside(1, { do_sample: true, temperature: 9 }),
      repetition_penalty: 9,
      num_beams: 3,
      length_penalty: 'x',
      stop_strings: ['e'],
      eos_token_id: Array.from({ length: 300 }, (_, id) => id),
      min_length: 3,
      min_new_tokens: 3,
      max_time: 3,
      ...yes('early_stopping', 'renormalize_logits', 'token_healing'),
      ...halves(
        'top_h',
        'typical_p',
        'epsilon_cutoff',
        'eta_cutoff',
        'encoder_repetition_penalty',
        'penalty_alpha',
        'diversity_penalty',
      ),
      no_repeat_ngram_size: 2,
      encoder_no_repeat_ngram_size: 2,
      bad_words_ids: [[1]],
      forced_bos_token_id: 0,
      forced_eos_token_id: 5,
      exponential_decay_length_penalty: [2, 1.5],
      suppress_tokens: [3],
      begin_suppress_tokens: [3],
      sequence_bias: [[[3], -1]],
      guidance_scale: 1.5,
      watermarking_config: { bias: 2 },
      num_return_sequences: 2,
      dola_layers: 'low',
      num_beam_groups: 2,
      constraints: [1],
      force_words_ids: [[1]],
      max_length: 1,
      bos_token_id: 5,
      pad_token_id: 5,
      decoder_start_token_id: 5,
      ...yes('remove_invalid_values', 'output_attentions', 'output_hidden_states', 'output_scores', 'output_logits'),
      ...yes('return_dict_in_generate', 'low_memory', 'disable_compile', '_from_model_config'),
      use_cache: false,
      cache_implementation: 'static',
      cache_config: { a: 1 },
      max_cache_len: 3,
      prompt_lookup_num_tokens: 2,
      num_assistant_tokens: 3,
      assistant_confidence_threshold: 0.1,
      compile_config: { a: 1 },
      prefill_chunk_size: 2,
      transformers_version: '4.0',
    },
  },
};

/** section -> [key, what happens], as docs/models.md has them. */
function tables() {
  const found = {};
  let section;
  for (const line of read('../../../docs/models.md').toString().split('\n')) {
    if (line.startsWith('## ')) section = line.slice(3);
    const row = /^\| +`([^`]+)` +\| +(read|refused|without effect) +\|/.exec(line);
    if (row) (found[section] ??= []).push([row[1], row[2]]);
  }
  return found;
}

async function check(files, file, key, given, status) {
  const { value, others = {}, key: real = key } = isSpecial(given) ? given : { value: given };
  const start = withKeys(files, file, others);
  const before = await remembered(start);
  const what = `${file}: ${key}`;
  let after;
  try {
    after = await answerOf(withKeys(start, file, { [real]: value }));
  } catch (error) {
    assert.match(String(error.code), /^(bad_model|unsupported_model)$/, `${what}: ${error.stack}`);
    assert.notEqual(status, 'without effect', `${what}: ${error.message}`);
    if (status === 'refused') assert.ok(error.message.includes(real.split('.').at(-1)), `${what}: ${error.message}`);
    return;
  }
  assert.notEqual(status, 'refused', `${what} is not refused`);
  (status === 'read' ? assert.notEqual : assert.equal)(after, before, `${what} is not ${status}`);
}

for (const [section, rows] of Object.entries(tables())) {
  test(`${section}, key by key`, { timeout: 300_000 }, async () => {
    const known = sections[section];
    assert.ok(known, `no test of the section "${section}"`);
    const parts = [known, ...[known.rest ?? []].flat().map((rest) => ({ file: known.file, ...rest }))];
    assert.deepEqual(
      rows.map(([key]) => key).sort(),
      parts.flatMap(({ keys }) => Object.keys(keys)).sort(),
      'the table and the test have other keys',
    );
    const left = [...rows];
    for (const { bases, file, keys } of parts) {
      for (const [key, given] of Object.entries(keys)) {
        const [[, status]] = left.splice(
          left.findIndex(([name]) => name === key),
          1,
        );
        if (given === undefined) continue; // has a test of its own
        for (const files of bases) await check(files, file, key, given, status);
      }
    }
  });
}

test('every section that has a test is in docs/models.md', () => {
  assert.deepEqual(Object.keys(tables()).sort(), Object.keys(sections).sort());
});

test('classes of tokenizers', async () => {
  const japanese = { tokenizer_class: 'BertJapaneseTokenizer' };
  const named = withKeys(bert, 'tokenizer_config.json', { tokenizer_class: undefined });
  for (const files of [withKeys(bert, 'tokenizer_config.json', japanese), withKeys(named, 'config.json', japanese)]) {
    await assert.rejects(answerOf(files), {
      code: 'unsupported_model',
      message: /tokenizer_class.*BertJapaneseTokenizer/,
    });
  }
  // Types of pairs, as transformers 5.24 has them.
  const typesOf = async (files, tokenizer_class) =>
    (await remembered(
      withKeys(files, 'tokenizer_config.json', {
        tokenizer_class,
        model_input_names: undefined,
        do_lower_case: undefined,
      }),
    )) === (await remembered(bert));
  for (const [name, gives] of [
    ['BertTokenizer', true],
    ['BertTokenizerFast', true],
    ['DistilBertTokenizer', false],
    ['PreTrainedTokenizerFast', false],
  ]) {
    assert.equal(await typesOf(bertJson, name), gives, name);
    if (name !== 'PreTrainedTokenizerFast') assert.equal(await typesOf(bert, name), gives, name);
  }
});

test('do_basic_tokenize beside vocab.txt alone', async () => {
  const keys = { do_basic_tokenize: false };
  await check(bert, 'tokenizer_config.json', 'do_basic_tokenize', false, 'refused');
  assert.equal(await answerOf(withKeys(bertJson, 'tokenizer_config.json', keys)), await remembered(bertJson));
});

test('a token that is null is none', async () => {
  const files = withKeys(bert, 'tokenizer_config.json', { mask_token: null });
  assert.notEqual(await answerOf(files), await remembered(bert));
});

test('labels that are no strings are shown as Python does', async () => {
  for (const [labels, shown] of [
    [{ 0: 0, 1: 1 }, ['0', '1']],
    [{ 0: true, 1: false }, ['True', 'False']],
    [{ 0: 0.5, 1: 2.0e20 }, ['0.5', '2e+20']],
  ]) {
    const files = withKeys(bert, 'config.json', { id2label: labels });
    const classify = await pipeline('text-classification', { files });
    assert.deepEqual(classify.info.labels, shown);
    classify.dispose();
  }
});

test('a second name of a size may stand alone', async () => {
  for (const [files, names] of [
    [distilbert, { dim: 'hidden_size', n_layers: 'num_hidden_layers', n_heads: 'num_attention_heads' }],
    [
      gpt2,
      {
        n_embd: 'hidden_size',
        n_layer: 'num_hidden_layers',
        n_head: 'num_attention_heads',
        n_positions: 'max_position_embeddings',
      },
    ],
  ]) {
    const config = parse(files['config.json']);
    const renamed = Object.fromEntries(Object.entries(config).map(([key, value]) => [names[key] ?? key, value]));
    assert.equal(await answerOf({ ...files, 'config.json': bytes(renamed) }), await remembered(files));
  }
});

test('NaN and Infinity where Python writes them', async () => {
  for (const [base, task] of [
    [bert, 'text-classification'],
    [withKeys(gpt2, 'generation_config.json', { max_new_tokens: 12 }), 'text-generation'],
  ]) {
    const odd = { ...base };
    for (const name of ['config.json', 'tokenizer_config.json', 'generation_config.json']) {
      if (name in odd) {
        const text = new TextDecoder()
          .decode(odd[name])
          .replace('{', '{"own": [NaN, -Infinity, "NaN"], "more": Infinity, ');
        odd[name] = new TextEncoder().encode(text);
      }
    }
    (await pipeline(task, { files: odd })).dispose();
    assert.equal(await answerOf(odd), await remembered(base));
  }
  const text = new TextDecoder().decode(bert['config.json']).replace('1e-12', 'NaN');
  await assert.rejects(answerOf({ ...bert, 'config.json': new TextEncoder().encode(text) }), {
    code: 'bad_model',
    message: /layer_norm_eps/,
  });
});
