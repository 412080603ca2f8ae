// config.json of a Hugging Face BERT folder -> BertConfig, every field checked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"

namespace latformer {

enum class HiddenActivation { gelu, gelu_tanh, relu };  // "gelu" | "gelu_new" and "gelu_pytorch_tanh" | "relu"
enum class ProblemType { single_label, multi_label, regression };

struct BertConfig {
  uint32_t vocab_size = 0;
  uint32_t hidden_size = 0;
  uint32_t num_hidden_layers = 0;
  uint32_t num_attention_heads = 0;
  uint32_t intermediate_size = 0;
  uint32_t max_position_embeddings = 0;
  uint32_t type_vocab_size = 0;
  HiddenActivation hidden_act = HiddenActivation::gelu;
  float layer_norm_eps = 1e-12F;
  ProblemType problem_type = ProblemType::single_label;  // problem_type, else regression when there is one label
  std::vector<std::string> labels;                       // id2label in order of id; "LABEL_0", ... by default

  uint32_t head_size() const { return hidden_size / num_attention_heads; }
  uint32_t num_labels() const { return static_cast<uint32_t>(labels.size()); }
};

// Errors: bad_model (broken JSON, a field missing, of the wrong type, zero, absurdly large, or at odds with another),
// unsupported_model (model_type other than bert, an unknown hidden_act, relative position_embedding_type, is_decoder).
Result<BertConfig> parse_bert_config(std::string_view json);

}  // namespace latformer
