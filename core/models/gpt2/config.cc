#include "core/models/gpt2/config.h"

#include <string>

#include "core/format/json.h"
#include "core/format/quantization.h"
#include "core/models/decoder/architecture.h"

namespace latformer {

DecoderFacts Gpt2Config::facts() const {
  return {.vocab_size = vocab_size,
          .hidden_size = n_embd,
          .num_layers = n_layer,
          .heads = n_head,
          .kv_heads = n_head,
          .head_size = head_size(),
          .intermediate_size = n_inner,
          .feed_forward_products = 2,
          .max_positions = n_positions,
          .learned_positions = true,
          .head_apart = !tie_word_embeddings && num_labels == 0,
          .num_labels = num_labels};
}

Result<Gpt2Config> parse_gpt2_config(std::string_view json, Gpt2Use use) {
  LATFORMER_ASSIGN(const JsonDocument document, JsonDocument::parse("config.json", json, {.max_bytes = 16 << 20}));
  const JsonValue root = document.root();
  LATFORMER_TRY(root.object().status());
  LATFORMER_TRY(use == Gpt2Use::classification ? check_architecture(root, "gpt2", {"GPT2ForSequenceClassification"})
                                               : check_architecture(root, "gpt2", {"GPT2LMHeadModel", "GPT2Model"}));
  LATFORMER_TRY(check_is_plain(root));
  LATFORMER_ASSIGN(const bool crosses, root["add_cross_attention"].boolean_or(false));
  if (crosses) return root["add_cross_attention"].unsupported("is true: this is half of a translator");

  Gpt2Config config;
  LATFORMER_TRY(parse_size(root, "vocab_size", kLargestSize, config.vocab_size));
  LATFORMER_TRY(parse_size(root, "n_positions", "max_position_embeddings", kLargestSize, config.n_positions));
  LATFORMER_TRY(parse_size(root, "n_embd", "hidden_size", kLargestSize, config.n_embd));
  LATFORMER_TRY(parse_size(root, "n_layer", "num_hidden_layers", kMostLayers, config.n_layer));
  LATFORMER_TRY(parse_size(root, "n_head", "num_attention_heads", kLargestSize, config.n_head));
  config.n_inner = 4 * config.n_embd;
  if (root["n_inner"].given()) LATFORMER_TRY(parse_size(root, "n_inner", kLargestSize, config.n_inner));
  if (config.n_embd % config.n_head != 0) {
    return root["n_embd"].fault("is " + std::to_string(config.n_embd) + ", not a multiple of the " +
                                std::to_string(config.n_head) + " heads");
  }
  LATFORMER_ASSIGN(config.activation_function, parse_activation(root["activation_function"], "gelu_new"));
  LATFORMER_ASSIGN(config.layer_norm_epsilon, parse_norm_epsilon(root["layer_norm_epsilon"], 1e-5));
  LATFORMER_ASSIGN(config.scale_attn_weights, root["scale_attn_weights"].boolean_or(true));
  LATFORMER_ASSIGN(config.scale_attn_by_inverse_layer_idx, root["scale_attn_by_inverse_layer_idx"].boolean_or(false));
  LATFORMER_ASSIGN(config.tie_word_embeddings, root["tie_word_embeddings"].boolean_or(true));
  LATFORMER_ASSIGN(config.quantized, parse_quantization(root));
  return config;
}

}  // namespace latformer
