#include "core/models/llama/loader.h"

#include <cmath>
#include <string>
#include <utility>

#include "core/models/llama/model.h"

namespace latformer {
namespace {

std::string llama_name(std::string_view stored) {
  constexpr std::string_view kPrefix = "model.";
  if (stored.starts_with(kPrefix)) stored.remove_prefix(kPrefix.size());
  return std::string(stored);
}

}  // namespace

LlamaLoader::LlamaLoader(const LlamaConfig& config, std::optional<Precision> precision)
    : config_(config),
      facts_(config.facts()),
      reader_(llama_name, precision, [this](WeightReader&) { return declare(); }) {}

Result<std::unique_ptr<DecoderModel>> LlamaLoader::finish(Threads threads) {
  LATFORMER_TRY(reader_.finish());
  return Llama::create(config_, std::move(weights_), std::move(threads));
}

Status LlamaLoader::declare() {
  const size_t d = config_.hidden_size;
  LATFORMER_TRY(reader_.embedding("embed_tokens.weight", config_.vocab_size, d, &weights_.tokens));
  LATFORMER_TRY(reader_.vector("norm.weight", d, &weights_.last_norm));
  if (!config_.tie_word_embeddings) {
    LATFORMER_TRY(reader_.embedding("lm_head.weight", config_.vocab_size, d, &weights_.head));
  }
  weights_.layers.resize(config_.num_hidden_layers);  // they stay where they are from now on
  for (size_t i = 0; i < weights_.layers.size(); ++i) LATFORMER_TRY(declare_layer(i));
  return {};
}

Status LlamaLoader::declare_layer(size_t index) {
  const std::string layer = "layers." + std::to_string(index) + ".";
  LlamaLayerWeights& weights = weights_.layers[index];
  const size_t d = config_.hidden_size;
  const size_t q = facts_.query_size();
  const size_t e = facts_.kv_size();
  const size_t d_ff = config_.intermediate_size;
  const auto part = [&](const char* name, size_t out, bool has_bias) {
    return LinearPart{.name = layer + name, .out = out, .has_bias = has_bias};
  };
  const std::string scorer = layer + "self_attn.scorer.weight";
  if (reader_.contains(scorer)) LATFORMER_TRY(reader_.vector(scorer, d, &weights.scorer));

  const auto linear = [&](std::vector<LinearPart> parts, size_t in, kernels::Linear* product) {
    return reader_.linear(std::move(parts), in, reader_.precision(), product);
  };
  const bool bias = config_.attention_bias;
  LinearPart query = part("self_attn.q_proj", q, bias);
  query.factor = 1 / std::sqrt(static_cast<float>(config_.head_dim));

  LATFORMER_TRY(reader_.vector(layer + "input_layernorm.weight", d, &weights.attention_norm));
  LATFORMER_TRY(linear({query}, d, &weights.query));
  LATFORMER_TRY(linear({part("self_attn.k_proj", e, bias), part("self_attn.v_proj", e, bias)}, d, &weights.key_value));
  LATFORMER_TRY(linear({part("self_attn.o_proj", d, bias)}, q, &weights.attention_output));
  LATFORMER_TRY(reader_.vector(layer + "post_attention_layernorm.weight", d, &weights.feed_forward_norm));
  LATFORMER_TRY(linear({part("mlp.gate_proj", d_ff, config_.mlp_bias), part("mlp.up_proj", d_ff, config_.mlp_bias)}, d,
                       &weights.gate_up));
  return linear({part("mlp.down_proj", d, config_.mlp_bias)}, d_ff, &weights.down);
}

}  // namespace latformer
