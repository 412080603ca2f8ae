// The weights of GPT-2 in the form that the forward pass wants them.
//
// d = n_embd, d_ff = n_inner. What attention logits are scaled by is folded into the query weights.
#pragma once

#include <cstddef>
#include <vector>

#include "core/base/buffer.h"
#include "core/kernels/linear.h"
#include "core/models/stored_matrix.h"
#include "core/models/weight_reader.h"

namespace latformer {

struct Gpt2LayerWeights {
  LayerNormWeights attention_norm;
  Buffer<float> scorer;       // (d), or empty: what its scores are raised by, if the model was taught
  kernels::Linear key_value;  // d -> 2d
  kernels::Linear query;      // d -> d
  kernels::Linear attention_output;
  LayerNormWeights feed_forward_norm;
  kernels::Linear intermediate;  // d -> d_ff
  kernels::Linear output;        // d_ff -> d
};

struct Gpt2Weights {
  StoredMatrix tokens;     // (vocab_size, d)
  StoredMatrix positions;  // (n_positions, d)
  std::vector<Gpt2LayerWeights> layers;
  LayerNormWeights last_norm;
  StoredMatrix head;  // (vocab_size, d); empty where it is `tokens`
};

}  // namespace latformer
