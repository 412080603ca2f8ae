#include "core/models/gpt2/model.h"

#include <algorithm>
#include <utility>

#include "core/kernels/rows.h"

namespace latformer {

Result<std::unique_ptr<DecoderModel>> Gpt2::create(const Gpt2Config& config, Gpt2Weights weights, Threads threads) {
  LATFORMER_ASSIGN(const kernels::Activation activation, kernels::Activation::create(config.activation_function));
  return std::unique_ptr<DecoderModel>(new Gpt2(config, std::move(weights), std::move(threads), activation));
}

Gpt2::Gpt2(const Gpt2Config& config, Gpt2Weights weights, Threads threads, kernels::Activation activation)
    : DecoderModel(config.facts(),
                   {.hidden = config.n_embd,
                    .query = config.n_embd,
                    .widest = std::max<uint64_t>(2 * uint64_t{config.n_embd}, config.n_inner),
                    .middle = 0},
                   std::move(threads)),
      config_(config),
      weights_(std::move(weights)),
      activation_(activation) {}

void Gpt2::norm(const LayerNormWeights& weights, size_t rows, const float* x, float* y) const {
  kernels::layer_norm(rows, config_.n_embd, x, nullptr, weights.gamma.data(), weights.beta.data(),
                      config_.layer_norm_epsilon, y);
}

void Gpt2::embed(std::span<const int32_t> ids, std::span<const uint32_t> positions, float* x) {
  const size_t d = config_.n_embd;
  float* position = activations_.branch.data();  // (n, d)
  for (size_t i = 0; i < ids.size(); ++i) {
    weights_.tokens.widen_row(static_cast<size_t>(ids[i]), x + i * d);
    weights_.positions.widen_row(positions[i], position + i * d);
  }
  kernels::add_to_rows(ids.size(), d, position, x);
}

Status Gpt2::queries(size_t index, std::span<const uint32_t> positions, const float* x, float* y) {
  return weights_.layers[index].query.run(threads_, positions.size(), x, y, activations_.linear);
}

Status Gpt2::layer(size_t index) {
  const Gpt2LayerWeights& weights = weights_.layers[index];
  DecoderActivations& a = activations_;
  const size_t d = config_.n_embd;
  norm(weights.attention_norm, rows(), a.hidden.data(), a.normed.data());
  LATFORMER_TRY(weights.key_value.run(threads_, rows(), a.normed.data(), a.wide.data(), a.linear));
  remember(index, a.wide.data());

  LATFORMER_TRY(drop(index));  // from here on there are only the rows that stay
  LATFORMER_TRY(queries(index, positions(), a.normed.data(), a.query.data()));
  attend(index, a.query.data(), a.context.data());
  LATFORMER_TRY(weights.attention_output.run(threads_, rows(), a.context.data(), a.branch.data(), a.linear));
  kernels::add_to_rows(rows(), d, a.branch.data(), a.hidden.data());

  norm(weights.feed_forward_norm, rows(), a.hidden.data(), a.normed.data());
  LATFORMER_TRY(weights.intermediate.run(threads_, rows(), a.normed.data(), a.wide.data(), a.linear));
  LATFORMER_TRY(activation_.run(threads_, rows() * config_.n_inner, a.wide.data(), a.wide.data()));
  LATFORMER_TRY(weights.output.run(threads_, rows(), a.wide.data(), a.branch.data(), a.linear));
  kernels::add_to_rows(rows(), d, a.branch.data(), a.hidden.data());
  return {};
}

void Gpt2::last_norm(const float* x, float* y) { norm(weights_.last_norm, 1, x, y); }

}  // namespace latformer
