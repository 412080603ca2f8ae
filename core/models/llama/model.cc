#include "core/models/llama/model.h"

#include <algorithm>
#include <utility>

#include "core/kernels/activation.h"
#include "core/kernels/rows.h"

namespace latformer {

Result<std::unique_ptr<DecoderModel>> Llama::create(const LlamaConfig& config, LlamaWeights weights, Threads threads) {
  LATFORMER_ASSIGN(Rotary rotary, Rotary::create(config.rotary, config.head_dim));
  return std::unique_ptr<DecoderModel>(new Llama(config, std::move(weights), std::move(threads), std::move(rotary)));
}

Llama::Llama(const LlamaConfig& config, LlamaWeights weights, Threads threads, Rotary rotary)
    : DecoderModel(config.facts(),
                   {.hidden = config.hidden_size,
                    .query = config.facts().query_size(),
                    .widest = 2 * std::max<uint64_t>(config.facts().kv_size(), config.intermediate_size),
                    .middle = config.intermediate_size},
                   std::move(threads)),
      config_(config),
      weights_(std::move(weights)),
      rotary_(std::move(rotary)) {}

void Llama::norm(const Buffer<float>& gamma, size_t rows, const float* x, float* y) const {
  kernels::rms_norm(rows, config_.hidden_size, x, gamma.data(), config_.rms_norm_eps, y);
}

void Llama::rotate(std::span<const uint32_t> positions, size_t heads, float* x, size_t stride) const {
  kernels::rotate(positions, heads, config_.head_dim, rotary_.half(), rotary_.cosines(), rotary_.sines(), x, stride);
}

void Llama::embed(std::span<const int32_t> ids, std::span<const uint32_t> /*positions*/, float* x) {
  for (size_t i = 0; i < ids.size(); ++i) {
    weights_.tokens.widen_row(static_cast<size_t>(ids[i]), x + i * config_.hidden_size);
  }
}

Status Llama::queries(size_t index, std::span<const uint32_t> positions, const float* x, float* y) {
  const kernels::Linear& query = weights_.layers[index].query;
  LATFORMER_TRY(query.run(threads_, positions.size(), x, y, activations_.linear));
  rotate(positions, config_.num_attention_heads, y, query.out());
  return {};
}

Status Llama::layer(size_t index) {
  const LlamaLayerWeights& weights = weights_.layers[index];
  DecoderActivations& a = activations_;
  const size_t d = config_.hidden_size;
  const size_t d_ff = config_.intermediate_size;
  norm(weights.attention_norm, rows(), a.hidden.data(), a.normed.data());
  LATFORMER_TRY(weights.key_value.run(threads_, rows(), a.normed.data(), a.wide.data(), a.linear));
  rotate(positions(), config_.num_key_value_heads, a.wide.data(), weights.key_value.out());
  remember(index, a.wide.data());

  LATFORMER_TRY(drop(index));  // from here on there are only the rows that stay
  LATFORMER_TRY(queries(index, positions(), a.normed.data(), a.query.data()));
  attend(index, a.query.data(), a.context.data());
  LATFORMER_TRY(weights.attention_output.run(threads_, rows(), a.context.data(), a.branch.data(), a.linear));
  kernels::add_to_rows(rows(), d, a.branch.data(), a.hidden.data());

  norm(weights.feed_forward_norm, rows(), a.hidden.data(), a.normed.data());
  LATFORMER_TRY(weights.gate_up.run(threads_, rows(), a.normed.data(), a.wide.data(), a.linear));
  kernels::silu_multiply(threads_, rows(), d_ff, a.wide.data(), a.wide.data() + d_ff, 2 * d_ff, a.middle.data());
  LATFORMER_TRY(weights.down.run(threads_, rows(), a.middle.data(), a.branch.data(), a.linear));
  kernels::add_to_rows(rows(), d, a.branch.data(), a.hidden.data());
  return {};
}

void Llama::last_norm(const float* x, float* y) { norm(weights_.last_norm, 1, x, y); }

}  // namespace latformer
