// The weights of Llama in the form that the forward pass wants them.
//
// d = hidden_size, q = heads x head_dim, e = key-value heads x head_dim, d_ff = intermediate_size. 1 / sqrt(head_dim)
// is folded into the query weights.
#pragma once

#include <cstddef>
#include <vector>

#include "core/base/buffer.h"
#include "core/kernels/linear.h"
#include "core/models/stored_matrix.h"
#include "core/models/weight_reader.h"

namespace latformer {

struct LlamaLayerWeights {
  Buffer<float> attention_norm;  // (d)
  Buffer<float> scorer;          // (d), or empty: what its scores are raised by, if the model was taught
  kernels::Linear key_value;     // d -> 2e
  kernels::Linear query;         // d -> q
  kernels::Linear attention_output;
  Buffer<float> feed_forward_norm;  // (d)
  kernels::Linear gate_up;          // d -> 2 d_ff: gate and up side by side
  kernels::Linear down;             // d_ff -> d
};

struct LlamaWeights {
  StoredMatrix tokens;  // (vocab_size, d)
  std::vector<LlamaLayerWeights> layers;
  Buffer<float> last_norm;  // (d)
  StoredMatrix head;        // (vocab_size, d); empty where it is `tokens`
};

}  // namespace latformer
