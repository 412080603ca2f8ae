#include "core/models/gpt2/loader.h"

#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "core/models/gpt2/model.h"

namespace latformer {
namespace {

std::string gpt2_name(std::string_view stored) {
  constexpr std::string_view kPrefix = "transformer.";
  if (stored.starts_with(kPrefix)) stored.remove_prefix(kPrefix.size());
  return std::string(stored);
}

// Tensors that GPT-2 calls Conv1D: (in, out), unless they are integers.
LinearPart conv(std::string name, size_t out) {
  return {.name = std::move(name), .out = out, .layout = LinearLayout::in_out};
}

}  // namespace

Gpt2Loader::Gpt2Loader(const Gpt2Config& config, std::optional<Precision> precision)
    : config_(config),
      facts_(config.facts()),
      reader_(gpt2_name, precision, [this](WeightReader&) { return declare(); }) {}

Result<std::unique_ptr<DecoderModel>> Gpt2Loader::finish(Threads threads) {
  LATFORMER_TRY(reader_.finish());
  return Gpt2::create(config_, std::move(weights_), std::move(threads));
}

Status Gpt2Loader::declare() {
  const size_t d = config_.n_embd;
  LATFORMER_TRY(reader_.embedding("wte.weight", config_.vocab_size, d, &weights_.tokens));
  LATFORMER_TRY(reader_.embedding("wpe.weight", config_.n_positions, d, &weights_.positions));
  LATFORMER_TRY(reader_.norm("ln_f", d, &weights_.last_norm));
  if (config_.num_labels > 0) {
    if (!reader_.contains("score.weight")) {
      return unsupported_model(
          "model.safetensors: score.weight is missing, so this is no text classifier yet; fine-tune it as "
          "GPT2ForSequenceClassification first");
    }
    // It is small and decides: f32 in any precision.
    LATFORMER_TRY(reader_.matrix("score.weight", config_.num_labels, d, &weights_.head));
  } else if (!config_.tie_word_embeddings) {
    LATFORMER_TRY(reader_.embedding("lm_head.weight", config_.vocab_size, d, &weights_.head));
  }
  weights_.layers.resize(config_.n_layer);  // they stay where they are from now on
  for (size_t i = 0; i < weights_.layers.size(); ++i) LATFORMER_TRY(declare_layer(i));
  return {};
}

Status Gpt2Loader::declare_layer(size_t index) {
  const std::string layer = "h." + std::to_string(index) + ".";
  Gpt2LayerWeights& weights = weights_.layers[index];
  const size_t d = config_.n_embd;
  const size_t d_ff = config_.n_inner;
  const std::string scorer = layer + "attn.scorer.weight";
  if (reader_.contains(scorer)) LATFORMER_TRY(reader_.vector(scorer, d, &weights.scorer));

  const auto linear = [&](const LinearPart& part, size_t in, kernels::Linear* product) {
    return reader_.linear({part}, in, reader_.precision(), product);
  };
  double scale = config_.scale_attn_weights ? 1 / std::sqrt(static_cast<double>(config_.head_size())) : 1;
  if (config_.scale_attn_by_inverse_layer_idx) scale /= static_cast<double>(index + 1);

  LinearPart query = conv(layer + "attn.c_attn", d);  // query, key and value in one
  query.stored_out = 3 * d;
  query.factor = static_cast<float>(scale);
  LinearPart key_value = conv(layer + "attn.c_attn", 2 * d);
  key_value.stored_out = 3 * d;
  key_value.first = d;

  LATFORMER_TRY(reader_.norm(layer + "ln_1", d, &weights.attention_norm));
  LATFORMER_TRY(linear(query, d, &weights.query));
  LATFORMER_TRY(linear(key_value, d, &weights.key_value));
  LATFORMER_TRY(linear(conv(layer + "attn.c_proj", d), d, &weights.attention_output));
  LATFORMER_TRY(reader_.norm(layer + "ln_2", d, &weights.feed_forward_norm));
  LATFORMER_TRY(linear(conv(layer + "mlp.c_fc", d_ff), d, &weights.intermediate));
  return linear(conv(layer + "mlp.c_proj", d), d_ff, &weights.output);
}

}  // namespace latformer
