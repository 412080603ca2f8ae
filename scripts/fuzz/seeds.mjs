// What fuzzing starts from: the small models and tokenizers that other tests use, as each fuzz target reads them.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/paths.mjs';

const models = join(root, 'tests', 'parity', 'models');
const tokenizers = join(root, 'tests', 'parity', 'tokenizer', 'goldens', 'tokenizers');
const text = 'Hello, w\u00f6rld! \u4e16\u754c [MASK] doing\n';
const calibration = {
  version: 1,
  outside: 0.1,
  call: 0.02,
  token: 0.001,
  layer: { fixed: 0.05, in: { knots: [1, 8, 32], slopes: [0.01, 0.02] }, out: { knots: [1, 8], slopes: [0.01] } },
  last: { fixed: 0.05, in: { knots: [1], slopes: [0.01] }, out: { knots: [], slopes: [] } },
  attention: 1e-5,
  dropping: 0,
  spread: 1.1,
};

/** What `read` gives for each small model, where it has the file. */
const ofModels = (file, read = (path) => readFileSync(path)) =>
  readdirSync(models)
    .map((model) => join(models, model, file))
    .filter(existsSync)
    .map(read);

const headerOf = (path) => {
  const file = readFileSync(path);
  return file.subarray(8, 8 + Number(file.readBigUInt64LE()));
};

const parts = (...each) => Buffer.from(each.join('\n--\n'));
const below = (path) => readFileSync(path, 'utf8');

function folders() {
  const asked = ['', '8f0', 'h3c', 'b5w', 'q8c', 'q2', 'tr', 'r8'].map((options) =>
    parts(options, '', '', '', '', '', '', text, 'a b'),
  );
  const whole = readdirSync(models).map((model) => {
    const file = (name) => (existsSync(join(models, model, name)) ? below(join(models, model, name)) : '');
    const header = headerOf(join(models, model, 'model.safetensors')).toString();
    const tokenizer = file('tokenizer.json') || '-';
    return [
      file('config.json'),
      tokenizer,
      file('tokenizer_config.json'),
      file('vocab.txt'),
      file('profile.json'),
      header,
    ];
  });
  return [
    ...asked,
    ...whole.map((files) => parts('c', ...files.slice(0, 5), '', text)),
    ...whole.map((files) => parts('4', ...files, text)),
  ];
}

/** Models that generate, as config.json has it. */
const isDecoder = (model) => /"model_type": "(gpt2|llama)"/.test(below(join(models, model, 'config.json')));

function decoders() {
  const options = [
    '',
    'G',
    '8f',
    'Gh8',
    'b',
    'Gq',
    'qo',
    'GoL',
    'oL',
    'C',
    'GS',
    'xkpmeTu',
    'GxTu',
    'BP',
    'GBs',
    'sw',
    'Gwi',
  ];
  const asked = [...options, 'c', 'Gct', 'a', 'GLa', 'r', 'Gr', '1', 'xe2'].map((each) =>
    parts(each, '', '', '', '', '', '', 'ab a ab. \u2013 ab!', 'b ab ab ab ab ab ab ab ab ab ab'),
  );
  const whole = readdirSync(models)
    .filter(isDecoder)
    .flatMap((model) => {
      const config = below(join(models, model, 'config.json'));
      const header = headerOf(join(models, model, 'model.safetensors')).toString();
      return [parts('L', config, '', '', '', '-', '', text, 'ab'), parts('4', config, '', '', '', '-', header, text)];
    });
  return [...asked, ...whole];
}

/** A byte-level vocabulary with all bytes, as vocab.json has it. */
function bytesAsTokens() {
  const shown = (byte) => (byte > 32 && byte < 127) || (byte > 160 && byte < 256 && byte !== 173);
  let hidden = 256; // these get the letters from there on
  const letters = Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(shown(byte) ? byte : hidden++));
  return Object.fromEntries([...letters, 'in', '\u0120a', 'he', 'ing', 'hel'].map((token, id) => [token, id]));
}

const merges = ['i n', '\u0120 a', 'h e', 'in g', 'he l'];

/** A tokenizer.json; that of a byte-level tokenizer, which has no vocabulary there, with one. */
function tokenizerOf(name) {
  const json = below(join(tokenizers, name));
  if (name.startsWith('unigram-')) {
    const { vocab, charsmap } = JSON.parse(below(join(tokenizers, '..', '..', 'unigram.json')));
    const some = vocab.filter((_, id) => id < 20 || id % 40 === 0);
    return json
      .replace('"vocab": []', `"vocab": ${JSON.stringify(some)}`)
      .replace('_charsmap": ""', `_charsmap": "${charsmap}"`);
  }
  if (!name.startsWith('bpe-')) return json;
  const tokenizer = JSON.parse(json);
  Object.assign(tokenizer.model, { vocab: { ...bytesAsTokens(), '<|endoftext|>': 300 }, merges });
  return JSON.stringify(tokenizer);
}

const isOf = (kind) => (name) => name.startsWith(kind);

/** Calls of the binding: bytes that choose them. */
function calls() {
  const load = [0, 0, 0, 0, 0, 0, 0, 0];
  const generator = [0, 1, 0, 0, 0, 0, 0, 0];
  const ask = [5, 1, 3, 97, 98, 97, 0, 2, 97, 98, 0, 8, 1, 0, 1, 6, 8, 6, 80, 7];
  const goOn = [8, 1, 3, 97, 98, 97, 0, 0, ...Array(17).fill(1), 9, 8, 9, 8, 10, 11];
  return [
    [...load, ...ask, 12, 31, 8, 13, 0, ...load, ...generator, ...goOn],
    [...generator, ...goOn, 12, 31, 8, ...ask],
    [15, 1, 0, 0, 0, 2, 0, 0, 3, 0, 0, 0, 4, ...ask, 14, 9, 9],
    [4, 6, 9, 10, 11, 7, 3, 1, 2, 255, 2, 3, 3, 1],
  ].map((bytes) => Buffer.from(bytes));
}

/** The fuzz targets: the seeds of each, and its dictionaries. */
export const targets = {
  safetensors: { seeds: () => ofModels('model.safetensors', headerOf), dictionaries: ['json', 'safetensors'] },
  config: {
    seeds: () => [...ofModels('config.json'), readFileSync(join(root, 'models', 'sentiment', 'config.json'))],
    dictionaries: ['json', 'config'],
  },
  profile: { seeds: () => ofModels('profile.json'), dictionaries: ['json', 'profile'] },
  calibration: { seeds: () => [Buffer.from(JSON.stringify(calibration))], dictionaries: ['json', 'calibration'] },
  tokenizer_json: {
    seeds: () =>
      readdirSync(tokenizers)
        .filter((name) => !/^(config|merges)-/.test(name))
        .map((name) => parts(tokenizerOf(name), '', text, 'doing')),
    dictionaries: ['json', 'tokenizer'],
  },
  vocab_json: {
    seeds: () =>
      readdirSync(tokenizers)
        .filter(isOf('merges-'))
        .flatMap((name) => [
          parts('+', '{"in":256,"\u0120a":257}', '#version: 0.2\ni n\n\u0120 a', below(join(tokenizers, name)), text),
          parts('', JSON.stringify(bytesAsTokens()), merges.join('\n'), below(join(tokenizers, name)), text, 'doing'),
        ]),
    dictionaries: ['json', 'tokenizer'],
  },
  vocab_txt: {
    seeds: () =>
      readdirSync(tokenizers)
        .filter(isOf('config-'))
        .flatMap((name) =>
          ofModels('vocab.txt', (path) => parts(below(path), below(join(tokenizers, name)), text, 'doing')),
        ),
    dictionaries: ['json', 'tokenizer'],
  },
  text: { seeds: () => [parts(text, 'ab in a')], dictionaries: ['tokenizer'] },
  folder: { seeds: folders, dictionaries: ['json', 'config', 'profile', 'safetensors', 'tokenizer'] },
  decoder_config: {
    seeds: () =>
      readdirSync(models)
        .filter(isDecoder)
        .map((model) => parts(below(join(models, model, 'config.json')), '{"eos_token_id": [1, 2]}')),
    dictionaries: ['json', 'config', 'decoder'],
  },
  decoder: { seeds: decoders, dictionaries: ['json', 'config', 'decoder', 'profile', 'safetensors', 'tokenizer'] },
  session: { seeds: calls, dictionaries: [] },
};
