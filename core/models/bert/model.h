// BERT over packed texts of unequal length, with elimination inside every layer, and a task's head on it.
//
//   x       = LayerNorm(word + position + type embeddings)
//   A       = softmax(Q K^T / sqrt(dh) + log size)                     of each text and head
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
#include <span>
#include <vector>

#include "core/base/status.h"
#include "core/elimination/profile.h"
#include "core/elimination/select.h"
#include "core/elimination/time/calibration.h"
#include "core/kernels/activation.h"
#include "core/kernels/attention.h"
#include "core/kernels/linear.h"
#include "core/kernels/threads.h"
#include "core/models/bert/activations.h"
#include "core/models/bert/config.h"
#include "core/models/bert/weights.h"

namespace latformer {

// One text, n tokens.
struct BertInput {
  std::span<const int32_t> ids;       // (n), [CLS] first
  std::span<const uint8_t> type_ids;  // (n)
  std::span<const uint32_t> counts;   // (L) rows that are to leave each layer: Schedule::counts
};

struct BertOutput {
  std::vector<float> result;  // what the head makes of it: logits (num_labels), say
  // Of each layer: positions of the ordinary rows that left it, and the number of all that did, the rest row included.
  std::vector<std::vector<uint32_t>> kept_positions;
  std::vector<uint32_t> tokens_per_layer;
};

class Bert {
 public:
  static Result<Bert> create(const BertConfig& config, BertWeights weights, Threads threads);

  // What each text gives; a batch gives what its texts give one by one.
  // Errors: invalid_argument (an id, type or length that the model has no embedding for), out_of_memory. The model
  // works on after an error.
  Result<std::vector<BertOutput>> run(std::span<const BertInput> texts, Dropped dropped);

  // Of the linear layers.
  Precision precision() const { return weights_.layers.front().intermediate.precision(); }

  // One part of the model over a made-up text, for a calibration to time; an inner layer is `index` (below L - 1).
  // work.in is at most max_position_embeddings. Errors: out_of_memory.
  Status rehearse(const Workload& work, size_t index, Dropped dropped);

 private:
  Bert() = default;

  Status check(const BertInput& text) const;
  Status begin(std::span<const BertInput> texts);
  void embed(std::span<const BertInput> texts);
  Status layer(size_t index, std::span<const BertInput> texts, Dropped dropped);
  Status last_layer();
  Status finish_layer(BertLayerWeights& weights, size_t rows);
  bool is_cut(size_t index) const;
  Result<std::vector<std::vector<float>>> run_head();

  BertConfig config_;
  BertWeights weights_;
  Threads threads_;
  BertActivations activations_;
  std::vector<LiveRows> rows_;  // of each text, in the order in which they are packed

  kernels::Attention attention_;
  kernels::Activation hidden_act_;
};

}  // namespace latformer
