// The head of a masked language model: which token stands at a [MASK].
//
//   t      = LayerNorm(act(x W + b))    (embedding_size)    act: hidden_act, or the architecture's own
//   logits = t E^T + b_v                (vocab_size)        E: the word embeddings, of masked tokens alone
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/buffer.h"
#include "core/kernels/activation.h"
#include "core/kernels/linear.h"
#include "core/models/bert/config.h"
#include "core/models/head.h"

namespace latformer {

class MaskHead final : public Head {
 public:
  // mask: the id of [MASK], which is known by the first run().
  static Result<std::unique_ptr<Head>> create(const BertConfig& config, std::shared_ptr<const int32_t> mask);

  Last reads() const override { return Last::all_rows; }
  bool reads_dropped() const override { return true; }
  Status declare(WeightReader& file) override;
  // Of each text: logits of each masked token, one behind the other; empty where there is none.
  Result<std::vector<std::vector<float>>> run(const Threads& threads, const LastRows& rows) override;

 private:
  BertConfig config_;
  std::shared_ptr<const int32_t> mask_;
  kernels::Linear transform_;  // d -> embedding_size
  kernels::Activation activation_;
  LayerNormWeights norm_;
  Buffer<float> bias_;         // (vocab_size)
  Buffer<float> masked_;       // (masked tokens of all texts, d)
  Buffer<float> transformed_;  // (masked tokens of all texts, embedding_size)
  kernels::LinearWorkspace workspace_;
};

}  // namespace latformer
