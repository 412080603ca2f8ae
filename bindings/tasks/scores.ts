// Logits -> scores.
//
//   softmax   e^x_i / sum_j e^x_j      sigmoid   1 / (1 + e^-x_i)      none   x_i
import type { ScoreFunction } from '../choices.js';

function softmax(logits: Float32Array): Float32Array {
  const most = logits.reduce((largest, logit) => Math.max(largest, logit), -Infinity); // of any number of them
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - most), 0);
  return logits.map((logit) => Math.exp(logit - most) / sum);
}

export const activations: Record<ScoreFunction, (logits: Float32Array) => Float32Array> = {
  softmax,
  sigmoid: (logits) => logits.map((logit) => 1 / (1 + Math.exp(-logit))),
  none: (logits) => logits,
};
