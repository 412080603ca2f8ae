// config.json of a Hugging Face GPT-2 folder (gpt2 to gpt2-xl, distilgpt2, and what was trained like them) ->
// Gpt2Config, every field checked. Fields that transformers' GPT2Config lets one leave out have its defaults here; the
// sizes of the weights must be given. Fields that do not bear on inference are not looked at.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/status.h"
#include "core/models/config_fields.h"
#include "core/models/decoder/decoder.h"

namespace latformer {

enum class Gpt2Use { generation, classification };

struct Gpt2Config {
  uint32_t vocab_size = 0;
  uint32_t n_positions = 0;
  uint32_t n_embd = 0;
  uint32_t n_layer = 0;
  uint32_t n_head = 0;
  uint32_t n_inner = 0;
  HiddenActivation activation_function = HiddenActivation::gelu_tanh;
  float layer_norm_epsilon = 1e-5F;
  bool scale_attn_weights = true;
  bool scale_attn_by_inverse_layer_idx = false;
  bool tie_word_embeddings = true;
  bool quantized = false;   // as core/format/weights.h has it
  uint32_t num_labels = 0;  // of a classifier, which whoever reads its labels knows

  uint32_t head_size() const { return n_embd / n_head; }
  DecoderFacts facts() const;
};

// Errors: bad_model (broken JSON, a field missing, of the wrong type, zero, absurdly large, or at odds with another),
// unsupported_model (another model_type or architecture; an unknown activation_function, cross attention, pruned heads,
// code of its own; quantised otherwise than core/format/weights.h has it).
Result<Gpt2Config> parse_gpt2_config(std::string_view json, Gpt2Use use = Gpt2Use::generation);

}  // namespace latformer
