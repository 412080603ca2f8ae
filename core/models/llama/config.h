// config.json of a Hugging Face Llama folder (Llama 2 and 3, SmolLM2, TinyLlama, and what else has model_type llama) ->
// LlamaConfig, every field checked. Fields that transformers' LlamaConfig lets one leave out have its defaults here;
// the sizes of the weights must be given. Fields that do not bear on inference are not looked at.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/status.h"
#include "core/models/decoder/decoder.h"
#include "core/models/llama/rotary.h"

namespace latformer {

struct LlamaConfig {
  uint32_t vocab_size = 0;
  uint32_t hidden_size = 0;
  uint32_t intermediate_size = 0;
  uint32_t num_hidden_layers = 0;
  uint32_t num_attention_heads = 0;
  uint32_t num_key_value_heads = 0;
  uint32_t head_dim = 0;
  uint32_t max_position_embeddings = 0;
  float rms_norm_eps = 1e-6F;
  RotaryScaling rotary;
  bool attention_bias = false;
  bool mlp_bias = false;
  bool tie_word_embeddings = false;
  bool quantized = false;  // as core/format/weights.h has it

  DecoderFacts facts() const;
};

// Errors: bad_model (broken JSON, a field missing, of the wrong type, zero, absurdly large, or at odds with another),
// unsupported_model (another model_type or architecture; an activation other than silu, a kind of rotary scaling other
// than linear or llama3, code of its own; quantised otherwise than core/format/weights.h has it).
Result<LlamaConfig> parse_llama_config(std::string_view json);

}  // namespace latformer
