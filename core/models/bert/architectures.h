// What differs between the encoders that compute as BERT does: a row for each architecture, with the fields of its
// config.json and the tensors of its model.safetensors as transformers names them. To add one is to add its row.
//
//   embeddings   <prefix> <word_embeddings>.weight, ...
//   layer N      <prefix> <layers> N. <query>.weight, ...
//   head         <prefix if prefixes_pooler> <pooler>.weight, <classifier>.weight, ...
//
// Tensors are looked up without the prefix, which a file may leave out. The scorer of
// a layer is Latformer's own: what the model was taught to keep (docs/method.md); other libraries pass it over.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/format/weights.h"
#include "core/kernels/activation.h"

namespace latformer {

// The fields of config.json; empty where the architecture has none, and BERT's default holds.
struct BertFields {
  std::string_view hidden_size;
  std::string_view num_hidden_layers;
  std::string_view num_attention_heads;
  std::string_view intermediate_size;
  std::string_view hidden_act;
  std::string_view layer_norm_eps;
  std::string_view type_vocab_size;                      // empty: it has no token types
  std::string_view embedding_size = {};                  // empty: that of the hidden layers
  std::string_view relative_attention_num_buckets = {};  // empty: attention does not look at distances
};

// Heads that have the same name in every architecture: a label for each token, and where an answer begins and ends.
inline constexpr std::string_view kTokenClassifier = "classifier";
inline constexpr std::string_view kAnswerSpans = "qa_outputs";

// The modules of model.safetensors.
struct BertModules {
  std::string_view prefix;
  std::string_view word_embeddings;
  std::string_view position_embeddings;
  std::string_view token_type_embeddings;  // empty: it has none
  std::string_view embeddings_norm;
  std::string_view embeddings_project = {};  // from embedding_size to hidden_size, where they differ
  bool always_projects = false;              // also where they do not
  std::string_view relative_attention_bias = {};
  std::string_view layers;
  bool shares_layers = false;  // N is 0: all layers have the same weights
  // Below <layers> N.
  std::string_view query;
  std::string_view key;
  std::string_view value;
  std::string_view scorer;
  std::string_view attention_output;
  std::string_view attention_norm;
  std::string_view intermediate;
  std::string_view output;
  std::string_view output_norm;
  // The head of a classifier.
  std::string_view pooler;
  bool prefixes_pooler = true;
  std::string_view classifier;
  // Of a masked language model.
  std::string_view mask_transform;
  std::string_view mask_norm;
  std::string_view mask_bias;
};

// Whether `name` stands in a module; never in one without a name.
bool is_below(std::string_view name, std::string_view module);

// Which position the first token has.
enum class Positions {
  from_zero,
  behind_padding,    // as fairseq has it: one behind pad_token_id, which tokens of padding keep for themselves
  behind_padding_1,  // the same, and the padding is 1 whatever config.json says
};

struct BertArchitecture {
  std::string_view model_type;
  std::string_view classifier;               // the class that can be run,
  std::array<std::string_view, 3> encoders;  // and those that can be fine-tuned to it
  std::string_view tokenizer;                // the class that transformers takes where no file names one
  Positions positions;
  kernels::Activation::Kind pooler_activation;                    // between the two linear layers of the head
  std::optional<kernels::Activation::Kind> mask_activation = {};  // of a masked language model's; without: hidden_act
  std::string_view hidden_act = "gelu";                           // where config.json names none
  BertFields fields;
  BertModules modules;

  // "encoder.layer.3."
  std::string layer(size_t index) const { return std::string(modules.layers) + std::to_string(index) + "."; }

  // The name that the file's tensor `stored` is looked up by: without the prefix, and as LayerNorm's weight and bias
  // are called today, which old files call gamma and beta.
  std::string looked_up(std::string_view stored) const;
  WeightRename rename() const {
    return [this](std::string_view stored) { return looked_up(stored); };
  }
  // The name that a file of transformers has for what is looked up as `name`.
  std::string stored(std::string_view name) const;
  // Whether what is looked up as `name` stands outside of the encoder, without the prefix.
  bool is_of_head(std::string_view name) const;
};

// All of them, BERT first.
std::span<const BertArchitecture> bert_architectures();

// Null if there is none of that model_type.
const BertArchitecture* find_bert_architecture(std::string_view model_type);

}  // namespace latformer
