// As index.mjs, for require().
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

exports.vocabulary = pathToFileURL(join(__dirname, 'vocab.txt'));
exports.weights = pathToFileURL(join(__dirname, 'model.safetensors'));
