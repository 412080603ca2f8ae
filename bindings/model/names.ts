// The files of a model folder: the one table of their names on this side. The core has its own of what it makes of each
// (core/tasks/model_files.h), and passes over names that it does not know.
import type { Kind } from '../engine.js';

/** The file that the rest is judged by; it is read first. */
export const configFile = 'config.json';

/** Streamed; all others are small and read whole. */
export const weightsFile = 'model.safetensors';

/** Which files the weights are in, where they are not in one. */
export const weightsIndexFile = 'model.safetensors.index.json';

/** The vocabulary: the first of these that is there, and none of those behind it. */
export const vocabularyFiles = ['tokenizer.json', 'vocab.txt', 'vocab.json'] as const;

/** What older folders keep beside a vocabulary; read where they are there. */
export const addedTokens: readonly string[] = ['special_tokens_map.json', 'added_tokens.json'];

/** What is read with one of these alone. */
export const companionsOf: Readonly<Record<(typeof vocabularyFiles)[number], readonly string[]>> = {
  'tokenizer.json': [],
  'vocab.txt': [],
  'vocab.json': ['merges.txt'],
};

/** For messages. */
export const vocabularyInWords = 'tokenizer.json (or vocab.txt, or vocab.json with merges.txt)';

export const generationConfigFile = 'generation_config.json';
export const tokenizerConfigFile = 'tokenizer_config.json';
export const chatTemplateFile = 'chat_template.jinja';

/** Of folders of sentence-transformers, embedders and cross-encoders. */
export const sentenceConfigFile = 'config_sentence_transformers.json';

/** Of their embedders. */
export const sentenceFiles = [
  'modules.json',
  'sentence_bert_config.json',
  sentenceConfigFile,
  '1_Pooling/config.json',
  '2_Dense/config.json',
  '2_Dense/model.safetensors',
] as const;

/** Read where they are there. */
export const optionalFiles: Readonly<Record<Kind, readonly string[]>> = {
  classification: [tokenizerConfigFile, 'profile.json'],
  ranking: [tokenizerConfigFile, 'profile.json', sentenceConfigFile],
  tokens: [tokenizerConfigFile, 'profile.json'],
  mask: [tokenizerConfigFile, 'profile.json'],
  question: [tokenizerConfigFile, 'profile.json'],
  embedding: [tokenizerConfigFile, 'profile.json', ...sentenceFiles],
  generation: [tokenizerConfigFile, 'profile.json', generationConfigFile, chatTemplateFile],
};

/** All that are small, of any task. */
export const smallFiles: readonly string[] = [
  ...new Set([
    configFile,
    ...vocabularyFiles,
    ...addedTokens,
    ...Object.values(companionsOf).flat(),
    ...Object.values(optionalFiles).flat(),
  ]),
];

/** All that has a name of its own; weights in several files have others. */
export const knownFiles: readonly string[] = [...smallFiles, weightsFile, weightsIndexFile];

export const isWeights = (name: string): boolean => /^[^/\\]+\.safetensors$/.test(name);

/** Whether there are models that have such a file. */
export const isFileOfModel = (name: string): boolean => knownFiles.includes(name) || isWeights(name);

const mebibyte = 2 ** 20;

/** The most that a small file may have, in bytes; the largest known tokenizers have some 35 MB. */
export const limitOf = (name: string): number => (name.startsWith('tokenizer') ? 128 : 16) * mebibyte;
