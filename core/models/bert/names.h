// What the tensors of an encoder of BERT's kind are called in its file: a row for each architecture.
//
//   embeddings   <prefix> <word_embeddings>.weight, ...
//   layer N      <prefix> <layers> N. <query>.weight, ...
//   head         <prefix> <pooler>.weight, <classifier>.weight, ...
//
// Names are looked up without the prefix, which a file may leave out. The scorer of a layer is Latformer's own: what
// the model was taught to keep (docs/method.md); other libraries pass it over.
#pragma once

#include <string>
#include <string_view>

#include "core/format/weights.h"

namespace latformer {

struct BertNames {
  std::string_view prefix;
  // Embeddings.
  std::string_view word_embeddings;
  std::string_view position_embeddings;
  std::string_view token_type_embeddings;
  std::string_view embeddings_norm;
  // Each layer.
  std::string_view layers;
  std::string_view query;
  std::string_view key;
  std::string_view value;
  std::string_view scorer;
  std::string_view attention_output;
  std::string_view attention_norm;
  std::string_view intermediate;
  std::string_view output;
  std::string_view output_norm;
  // The head of a classifier: two linear layers.
  std::string_view pooler;
  std::string_view classifier;

  std::string layer(size_t index) const { return std::string(layers) + std::to_string(index) + "."; }

  // The name that the file's tensor `stored` is looked up by: without the prefix, and as LayerNorm's weight and bias
  // are called today, which old files call gamma and beta.
  std::string looked_up(std::string_view stored) const;
  WeightRename rename() const {
    return [this](std::string_view name) { return looked_up(name); };
  }
  // The name that a file of transformers has for what is looked up as `name`.
  std::string stored(std::string_view name) const;
};

inline constexpr BertNames kBertNames = {
    .prefix = "bert.",
    .word_embeddings = "embeddings.word_embeddings",
    .position_embeddings = "embeddings.position_embeddings",
    .token_type_embeddings = "embeddings.token_type_embeddings",
    .embeddings_norm = "embeddings.LayerNorm",
    .layers = "encoder.layer.",
    .query = "attention.self.query",
    .key = "attention.self.key",
    .value = "attention.self.value",
    .scorer = "attention.scorer",
    .attention_output = "attention.output.dense",
    .attention_norm = "attention.output.LayerNorm",
    .intermediate = "intermediate.dense",
    .output = "output.dense",
    .output_norm = "output.LayerNorm",
    .pooler = "pooler.dense",
    .classifier = "classifier",
};

}  // namespace latformer
