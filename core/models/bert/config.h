// config.json of a folder of BERT, or of an architecture beside it -> BertConfig, every field checked.
//
// Fields that transformers' BertConfig lets one leave out have its defaults here; the sizes of the weights must be
// given. Fields that do not bear on inference (dropout, initializer_range, use_cache, ...) are not looked at.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/format/labels.h"
#include "core/models/bert/architectures.h"
#include "core/models/config_fields.h"

namespace latformer {

// Whose head a folder has, by its class: of the texts (a classifier), of every token, or of answers to questions. None:
// an encoder, or the folder does not say.
enum class BertHead { none, texts, tokens, answers };

struct BertConfig {
  const BertArchitecture* architecture = bert_architectures().data();
  uint32_t vocab_size = 0;
  uint32_t hidden_size = 0;
  uint32_t num_hidden_layers = 0;
  uint32_t num_attention_heads = 0;
  uint32_t intermediate_size = 0;
  uint32_t max_position_embeddings = 0;
  uint32_t first_position = 0;        // of the positions above, that of the first token
  std::optional<int32_t> padding_id;  // a token that counts for no position, and has the one before the first
  uint32_t embedding_size = 0;        // of words, positions and types
  uint32_t relative_buckets = 0;      // 0: attention does not look at distances
  uint32_t type_vocab_size = 2;       // 0: no token types
  HiddenActivation hidden_act = HiddenActivation::gelu;
  float layer_norm_eps = 1e-12F;
  ProblemType problem_type = ProblemType::single_label;
  std::vector<std::string> labels;
  BertHead head = BertHead::none;
  // quantization_config is there, and is the convention of core/format/weights.h.
  bool quantized = false;

  uint32_t head_size() const { return hidden_size / num_attention_heads; }
  uint32_t max_tokens() const { return max_position_embeddings - first_position; }
  bool projects_embeddings() const { return architecture->modules.always_projects || embedding_size != hidden_size; }
  bool shares_layers() const { return architecture->modules.shares_layers; }
  uint32_t num_labels() const { return static_cast<uint32_t>(labels.size()); }
};

// Errors: bad_model (broken JSON, a field missing, of the wrong type, zero, absurdly large, or at odds with another),
// unsupported_model (a model_type that architectures.cc has no row for; a class that is neither its classifier nor an
// encoder without a head of its own; an unknown activation, relative positions, decoders, pruned heads, code of its
// own; quantised otherwise than core/format/weights.h has it, symmetric, weights only).
Result<BertConfig> parse_bert_config(std::string_view json);

// Errors: unsupported_model where the folder's head is another one than the task reads: its weights may have the same
// names.
Status check_head(const BertConfig& config, BertHead read);

}  // namespace latformer
