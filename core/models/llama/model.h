// Llama: one layer, on one screen (model.cc). x (T, d) of all texts' rows, packed:
//
//   x = embed_tokens[id]
//   h = rms_norm(x);   x = x + o_proj(attention(h))     keys and queries turned by their positions; rows that are
//                                                       dropped end between the two
//   h = rms_norm(x);   x = x + down(silu(gate(h)) * up(h))
//   logits = embed_tokens rms_norm(x)                   or an own head
#pragma once

#include <memory>

#include "core/models/decoder/decoder.h"
#include "core/models/llama/config.h"
#include "core/models/llama/rotary.h"
#include "core/models/llama/weights.h"

namespace latformer {

class Llama final : public DecoderModel {
 public:
  // Errors: out_of_memory.
  static Result<std::unique_ptr<DecoderModel>> create(const LlamaConfig& config, LlamaWeights weights, Threads threads);

  Precision precision() const override { return weights_.layers.front().query.precision(); }

 protected:
  const StoredMatrix& token_embeddings() const override { return weights_.tokens; }
  const StoredMatrix& head_weights() const override {
    return config_.tie_word_embeddings ? weights_.tokens : weights_.head;
  }
  Status prepare_positions(uint32_t positions) override { return rotary_.reserve(positions); }
  void embed(std::span<const int32_t> ids, std::span<const uint32_t> positions, float* x) override;
  Status queries(size_t index, std::span<const uint32_t> positions, const float* x, float* y) override;
  Status layer(size_t index) override;
  void last_norm(const float* x, float* y) override;
  std::span<const float> scorer(size_t index) const override { return weights_.layers[index].scorer.span(); }

 private:
  Llama(const LlamaConfig& config, LlamaWeights weights, Threads threads, Rotary rotary);
  void norm(const Buffer<float>& gamma, size_t rows, const float* x, float* y) const;
  void rotate(std::span<const uint32_t> positions, size_t heads, float* x, size_t stride) const;

  LlamaConfig config_;
  LlamaWeights weights_;
  Rotary rotary_;
};

}  // namespace latformer
