#include "core/models/llama/config.h"

#include <string>

#include "core/format/json.h"
#include "core/format/quantization.h"
#include "core/format/quote.h"
#include "core/models/config_fields.h"
#include "core/models/decoder/architecture.h"

namespace latformer {
namespace {

Result<double> positive(const JsonValue& value, double otherwise) {
  LATFORMER_ASSIGN(const double number, value.number_or(otherwise));
  if (!(number > 0 && number <= 1e12)) return value.fault("must be above 0");
  return number;
}

// rope_theta and rope_scaling, or rope_parameters, which newer files have for both.
Status parse_rotary(const JsonValue& root, LlamaConfig& config) {
  const JsonValue both = root["rope_parameters"];
  const JsonValue scaling = both.given() ? both : root["rope_scaling"];
  RotaryScaling& rotary = config.rotary;
  const JsonValue theta = both["rope_theta"].given() ? both["rope_theta"] : root["rope_theta"];
  LATFORMER_ASSIGN(rotary.theta, positive(theta, 10000));
  for (const JsonValue& part : {scaling["partial_rotary_factor"], root["partial_rotary_factor"]}) {
    LATFORMER_ASSIGN(const double share, part.number_or(1));
    if (share != 1) return part.unsupported("is not 1");
  }
  if (!scaling.given()) return {};

  const JsonValue type = scaling["rope_type"].given() ? scaling["rope_type"] : scaling["type"];
  LATFORMER_ASSIGN(const std::string_view name, type.string_or("default"));
  if (name == "default") return {};
  if (name != "linear" && name != "llama3") {
    return type.unsupported("is " + quote(name) + ", not \"default\", \"linear\" or \"llama3\"");
  }
  rotary.kind = name == "linear" ? RotaryScaling::Kind::linear : RotaryScaling::Kind::llama3;
  LATFORMER_TRY(scaling["factor"].number().status());
  LATFORMER_ASSIGN(rotary.factor, positive(scaling["factor"], 1));
  if (rotary.kind == RotaryScaling::Kind::linear) return {};
  for (const char* field : {"low_freq_factor", "high_freq_factor", "original_max_position_embeddings"}) {
    LATFORMER_TRY(scaling[field].number().status());
  }
  LATFORMER_ASSIGN(rotary.low_freq_factor, positive(scaling["low_freq_factor"], 1));
  LATFORMER_ASSIGN(rotary.high_freq_factor, positive(scaling["high_freq_factor"], 4));
  LATFORMER_ASSIGN(rotary.original_max_positions, positive(scaling["original_max_position_embeddings"], 1));
  if (rotary.high_freq_factor <= rotary.low_freq_factor) {
    return scaling["high_freq_factor"].fault("must be above low_freq_factor");
  }
  return {};
}

}  // namespace

DecoderFacts LlamaConfig::facts() const {
  return {.vocab_size = vocab_size,
          .hidden_size = hidden_size,
          .num_layers = num_hidden_layers,
          .heads = num_attention_heads,
          .kv_heads = num_key_value_heads,
          .head_size = head_dim,
          .intermediate_size = intermediate_size,
          .feed_forward_products = 3,
          .max_positions = max_position_embeddings,
          .learned_positions = false,
          .head_apart = !tie_word_embeddings};
}

Result<LlamaConfig> parse_llama_config(std::string_view json) {
  LATFORMER_ASSIGN(const JsonDocument document, JsonDocument::parse("config.json", json, {.max_bytes = 16 << 20}));
  const JsonValue root = document.root();
  LATFORMER_TRY(root.object().status());
  LATFORMER_TRY(check_architecture(root, "llama", {"LlamaForCausalLM", "LlamaModel"}));
  LATFORMER_TRY(check_is_plain(root));

  LlamaConfig config;
  LATFORMER_TRY(parse_size(root, "vocab_size", kLargestSize, config.vocab_size));
  LATFORMER_TRY(parse_size(root, "hidden_size", kLargestSize, config.hidden_size));
  LATFORMER_TRY(parse_size(root, "intermediate_size", kLargestSize, config.intermediate_size));
  LATFORMER_TRY(parse_size(root, "num_hidden_layers", kMostLayers, config.num_hidden_layers));
  LATFORMER_TRY(parse_size(root, "num_attention_heads", kLargestSize, config.num_attention_heads));
  config.num_key_value_heads = config.num_attention_heads;
  if (root["num_key_value_heads"].given()) {
    LATFORMER_TRY(parse_size(root, "num_key_value_heads", kLargestSize, config.num_key_value_heads));
  }
  if (config.num_attention_heads % config.num_key_value_heads != 0) {
    return root["num_key_value_heads"].fault("does not divide the " + std::to_string(config.num_attention_heads) +
                                             " attention heads");
  }
  if (root["head_dim"].given()) {
    LATFORMER_TRY(parse_size(root, "head_dim", 1 << 16, config.head_dim));
  } else if (config.hidden_size % config.num_attention_heads != 0) {
    return root["hidden_size"].fault("is no multiple of the attention heads, and there is no head_dim");
  } else {
    config.head_dim = config.hidden_size / config.num_attention_heads;
  }
  if (uint64_t{config.num_attention_heads} * config.head_dim > kLargestSize) {
    return root["head_dim"].fault("times the attention heads is too large");
  }
  if (config.head_dim % 2 != 0) return root["head_dim"].fault("must be even, for positions rotate pairs");
  LATFORMER_TRY(parse_size(root, "max_position_embeddings", kLargestSize, config.max_position_embeddings));
  LATFORMER_ASSIGN(const std::string_view activation, root["hidden_act"].string_or("silu"));
  if (activation != "silu" && activation != "swish") {
    return root["hidden_act"].unsupported("is " + quote(activation) + ", not \"silu\"");
  }
  LATFORMER_ASSIGN(config.rms_norm_eps, parse_norm_epsilon(root["rms_norm_eps"], 1e-6));
  LATFORMER_TRY(parse_rotary(root, config));
  LATFORMER_ASSIGN(config.attention_bias, root["attention_bias"].boolean_or(false));
  LATFORMER_ASSIGN(config.mlp_bias, root["mlp_bias"].boolean_or(false));
  LATFORMER_ASSIGN(config.tie_word_embeddings, root["tie_word_embeddings"].boolean_or(false));
  LATFORMER_ASSIGN(config.quantized, parse_quantization(root));
  return config;
}

}  // namespace latformer
