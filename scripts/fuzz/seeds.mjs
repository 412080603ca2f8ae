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
        .filter((name) => !name.startsWith('config-'))
        .map((name) => parts(below(join(tokenizers, name)), '', text, 'doing')),
    dictionaries: ['json', 'tokenizer'],
  },
  vocab_txt: {
    seeds: () =>
      readdirSync(tokenizers)
        .filter((name) => name.startsWith('config-'))
        .flatMap((name) =>
          ofModels('vocab.txt', (path) => parts(below(path), below(join(tokenizers, name)), text, 'doing')),
        ),
    dictionaries: ['json', 'tokenizer'],
  },
  text: { seeds: () => [parts(text, 'ab in a')], dictionaries: ['tokenizer'] },
  folder: { seeds: folders, dictionaries: ['json', 'config', 'profile', 'safetensors', 'tokenizer'] },
};
