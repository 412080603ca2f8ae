// BERT over packed texts of unequal length, with elimination inside every layer, and a task's head on it.
//
//   x       = LayerNorm(word + position + type embeddings), times a matrix where d is not their size
//   A       = softmax(Q K^T / sqrt(dh) + log size)                     of each text and head
//             with the bias of distances in it, if the model has one   core/models/bert/relative_attention.h
//   s_j     = mean of A's column j  *  exp(x_j u), if the layer has a scorer u
//   stay    = [CLS], the rows with the highest scores s, and the rest row          core/elimination/select.h
//   x       = LayerNorm(x[stay] + (A[stay] V) W_o + b_o)               rows that do not stay are never computed
//   x       = LayerNorm(x + act(x W_1 + b_1) W_2 + b_2)
//   result  = head(x)                                                  core/models/head.h
//
// The rows of all texts stand one behind the other, without padding, as one matrix (T, d): linear layers run over all
// of them at once, attention and elimination text by text. Speedup 1 is the same code with nothing to drop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/status.h"
#include "core/elimination/select.h"
#include "core/kernels/activation.h"
#include "core/kernels/attention.h"
#include "core/kernels/linear.h"
#include "core/kernels/threads.h"
#include "core/models/bert/activations.h"
#include "core/models/bert/config.h"
#include "core/models/bert/weights.h"
#include "core/models/encoder_model.h"
#include "core/models/last_states.h"

namespace latformer {

class Bert final : public EncoderModel {
 public:
  static Result<Bert> create(const BertConfig& config, BertWeights weights, Threads threads);

  // As EncoderModel has it. ids begin with [CLS]; type_ids are read where there are any.
  Status start(std::span<const EncoderInput> texts, Dropped dropped) override;
  bool done() const override { return next_layer_ == config_.num_hidden_layers; }
  Status step() override;
  Result<std::vector<EncoderOutput>> finish() override;
  Precision precision() const override { return weights_.layers.front().intermediate.precision(); }
  Status rehearse(const Workload& work, size_t index, Dropped dropped) override;

 private:
  Bert() = default;

  Status check(const EncoderInput& text) const;
  Status begin(std::span<const EncoderInput> texts);
  Status embed(std::span<const EncoderInput> texts);
  Status layer(size_t index, std::span<const EncoderInput> texts, Dropped dropped);
  Status last_layer();
  Status finish_layer(BertLayerWeights& weights, size_t rows);
  bool is_cut(size_t index) const;
  std::optional<kernels::RelativeBias> relative_bias(size_t text);
  Result<std::vector<std::vector<float>>> run_head();

  BertConfig config_;
  BertWeights weights_;
  Threads threads_;
  BertActivations activations_;
  std::vector<LiveRows> rows_;                 // of each text, in the order in which they are packed
  Buffer<float> relative_bias_;                // (heads, 2 max_tokens - 1), if the model looks at distances
  std::vector<std::vector<uint32_t>> places_;  // then of each row of each text, the rest row with them
  LastStates states_;                          // for a head that reads dropped tokens

  // Of the texts that were started.
  std::vector<EncoderInput> texts_;
  std::vector<EncoderOutput> outputs_;
  Dropped dropped_ = Dropped::discard;
  size_t next_layer_ = 0;

  kernels::Attention attention_;
  kernels::Activation hidden_act_;
};

}  // namespace latformer
