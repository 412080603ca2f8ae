// The weights of BERT for sequence classification, in the form that the forward pass wants them.
//
// L layers, d = hidden_size, d_ff = intermediate_size. 1 / sqrt(head_size) is folded into the query weights.
#pragma once

#include <vector>

#include "core/base/buffer.h"
#include "core/kernels/linear.h"
#include "core/models/stored_matrix.h"

namespace latformer {

struct LayerNormWeights {
  Buffer<float> gamma;  // (d)
  Buffer<float> beta;   // (d)
};

struct BertLayerWeights {
  // Every layer but the last: query, key and value of all rows in one product.
  kernels::Linear query_key_value;  // d -> 3d
  // The last layer: a classifier reads [CLS] alone, so only keys and values are wanted of all rows.
  kernels::Linear query;      // d -> d
  kernels::Linear key_value;  // d -> 2d

  Buffer<float> scorer;              // (d), or empty: what a word-vector's score is raised by, if the model was taught
  kernels::Linear attention_output;  // d -> d
  LayerNormWeights attention_norm;
  kernels::Linear intermediate;  // d -> d_ff
  kernels::Linear output;        // d_ff -> d
  LayerNormWeights output_norm;
};

struct BertWeights {
  StoredMatrix word_embeddings;        // (vocab_size, d)
  StoredMatrix position_embeddings;    // (max_position_embeddings, d)
  StoredMatrix token_type_embeddings;  // (type_vocab_size, d)
  LayerNormWeights embeddings_norm;
  std::vector<BertLayerWeights> layers;  // (L)
  kernels::Linear pooler;                // d -> d
  kernels::Linear classifier;            // d -> num_labels
};

}  // namespace latformer
