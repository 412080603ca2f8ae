// The weights of BERT and of a task's head on it, in the form that the forward pass wants them.
//
// L layers, d = hidden_size, e = embedding_size, d_ff = intermediate_size. 1 / sqrt(head_size) is folded into the query
// weights.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/base/buffer.h"
#include "core/base/status.h"
#include "core/kernels/linear.h"
#include "core/models/bert/config.h"
#include "core/models/head.h"
#include "core/models/stored_matrix.h"
#include "core/models/weight_reader.h"

namespace latformer {

struct BertLayerWeights {
  // Every other layer, and one that all layers share: query, key and value of all rows in one product.
  kernels::Linear query_key_value;  // d -> 3d
  // The last layer where only [CLS] is read: keys and values alone are wanted of all rows.
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
  StoredMatrix word_embeddings;        // (vocab_size, e)
  StoredMatrix position_embeddings;    // (max_position_embeddings, e)
  StoredMatrix token_type_embeddings;  // (type_vocab_size, e), if there are any
  LayerNormWeights embeddings_norm;
  kernels::Linear embeddings_project;    // e -> d, where they differ
  StoredMatrix relative_attention_bias;  // (relative_buckets, heads), if there are any
  std::vector<BertLayerWeights> layers;  // (L), or the one that all of them share
  std::unique_ptr<Head> head;

  BertLayerWeights& layer(size_t index) { return layers[index % layers.size()]; }
};

// model.safetensors -> BertWeights, while its bytes arrive.
class BertLoader {
 public:
  // precision: of embeddings and linear layers; absent: as the file has them.
  BertLoader(const BertConfig& config, std::unique_ptr<Head> head, std::optional<Precision> precision = {});

  // Takes the bytes of model.safetensors. Errors: also those of the head's declare().
  WeightReader& reader() { return reader_; }
  Status append(std::span<const std::byte> bytes) { return reader_.append(bytes); }

  // All bytes were given. Errors: bad_model (the file is too short). The loader is of no further use.
  Result<BertWeights> finish();

 private:
  // What the model consists of.
  Status declare();
  Status declare_layer(size_t index);

  BertConfig config_;
  BertWeights weights_;
  WeightReader reader_;
};

}  // namespace latformer
