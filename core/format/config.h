// config.json of a Hugging Face BERT folder -> BertConfig, every field checked.
//
// Fields that transformers' BertConfig lets one leave out have its defaults here; the sizes of the weights must be
// given. Fields that do not bear on inference (dropout, initializer_range, use_cache, ...) are not looked at.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"

namespace latformer {

enum class HiddenActivation { gelu, gelu_tanh, relu };  // gelu_tanh: "gelu_new", "gelu_pytorch_tanh", "gelu_fast", ...

// How logits become scores: softmax over all, sigmoid of each, or as they are.
enum class ProblemType { single_label, multi_label, regression };

struct BertConfig {
  uint32_t vocab_size = 0;
  uint32_t hidden_size = 0;
  uint32_t num_hidden_layers = 0;
  uint32_t num_attention_heads = 0;
  uint32_t intermediate_size = 0;
  uint32_t max_position_embeddings = 0;
  uint32_t type_vocab_size = 2;
  HiddenActivation hidden_act = HiddenActivation::gelu;
  float layer_norm_eps = 1e-12F;
  // problem_type; where that is absent or null, what transformers' text-classification pipeline then does: sigmoid for
  // a single label, softmax for several.
  ProblemType problem_type = ProblemType::single_label;
  // id2label in order of id; without it the names in label2id, else "LABEL_0", ... for num_labels (2 by default).
  std::vector<std::string> labels;
  // The name of the first architecture, e.g. "BertForSequenceClassification"; empty if the file names none.
  std::string architecture;
  // quantization_config is there, and is the convention of core/format/weights.h.
  bool quantized = false;

  uint32_t head_size() const { return hidden_size / num_attention_heads; }
  uint32_t num_labels() const { return static_cast<uint32_t>(labels.size()); }
};

// Errors: bad_model (broken JSON, a field missing, of the wrong type, zero, absurdly large, or at odds with another),
// unsupported_model (model_type other than bert; an architecture that is neither BertForSequenceClassification nor an
// encoder without a head of its own; an unknown hidden_act, relative positions, decoders, pruned heads, code of its
// own; quantised otherwise than core/format/weights.h has it, symmetric, weights only).
Result<BertConfig> parse_bert_config(std::string_view json);

}  // namespace latformer
