// GPT-2: one layer, on one screen (model.cc). x (T, d) of all texts' rows, packed:
//
//   x = wte[id] + wpe[position]
//   h = ln_1(x);   x = x + c_proj(attention(h))       rows that are dropped end between keys and queries
//   h = ln_2(x);   x = x + c_proj(act(c_fc(h)))
//   logits = wte ln_f(x)                              or an own head, of tokens or of labels
#pragma once

#include <memory>

#include "core/kernels/activation.h"
#include "core/models/decoder/decoder.h"
#include "core/models/gpt2/config.h"
#include "core/models/gpt2/weights.h"

namespace latformer {

class Gpt2 final : public DecoderModel {
 public:
  // Errors: out_of_memory.
  static Result<std::unique_ptr<DecoderModel>> create(const Gpt2Config& config, Gpt2Weights weights, Threads threads);

  Precision precision() const override { return weights_.layers.front().query.precision(); }

 protected:
  const StoredMatrix& token_embeddings() const override { return weights_.tokens; }
  const StoredMatrix& head_weights() const override { return weights_.head.rows > 0 ? weights_.head : weights_.tokens; }
  void embed(std::span<const int32_t> ids, std::span<const uint32_t> positions, float* x) override;
  Status queries(size_t index, std::span<const uint32_t> positions, const float* x, float* y) override;
  Status layer(size_t index) override;
  void last_norm(const float* x, float* y) override;
  std::span<const float> scorer(size_t index) const override { return weights_.layers[index].scorer.span(); }

 private:
  Gpt2(const Gpt2Config& config, Gpt2Weights weights, Threads threads, kernels::Activation activation);
  void norm(const LayerNormWeights& weights, size_t rows, const float* x, float* y) const;

  Gpt2Config config_;
  Gpt2Weights weights_;
  kernels::Activation activation_;
};

}  // namespace latformer
