// BERT, or an architecture beside it, for sequence classification or embeddings, with gradients: what
// core/models/bert/model.h computes, on LibTorch, so that it can learn.
//
//   x       = LayerNorm(word + position + type embeddings)
//   A       = softmax(Q K^T / sqrt(dh) + log size)                     of each text and head
//   s_j     = mean of A's column j  *  exp(x_j u), if the layer has a scorer u
//   stay    = [CLS], the rows with the highest scores s, and the rest row          core/elimination/select.h
//   x       = LayerNorm(x[stay] + (A V)[stay] W_o + b_o)
//   x       = LayerNorm(x + act(x W_1 + b_1) W_2 + b_2)
//   logits  = tanh(x[CLS] W_p + b_p) W_c + b_c
//
// or of embeddings, whose last layer is one as all others:
//
//   vector  = sum_i size_i x_i / sum_i size_i, or x[CLS]; of length 1, if so asked        core/models/pooling_head.h
//
// Linear layers run over the packed rows of all texts; attention pads each text to the longest of its batch, which
// batches.h keeps of nearly equal length. Selection is hard: ranks and the weights of the rest row are constants to the
// gradient, and scorers learn from importance_loss alone. The last layer of a classifier runs for [CLS] alone.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/models/bert/config.h"
#include "core/models/pooling_head.h"
#include "core/train/modules/module.h"

namespace latformer::train {

// What becomes of the rows of an embedding.
struct VectorHead {
  Pooling pooling = Pooling::mean;  // or cls
  bool normalize = false;
};

class BertModule : public Module {
 public:
  // Weights by the names of their architecture (core/models/bert/architectures.h) without its prefix, float32. `head`
  // is looked at where the problem is an embedding.
  BertModule(BertConfig config, std::map<std::string, torch::Tensor> weights, VectorHead head = {});

  ForwardOutput forward(std::span<const TokenText* const> texts, std::span<const std::vector<uint32_t>> counts,
                        const ForwardOptions& options) const override;

 private:
  struct State;  // of one pass

  void embed(State& state) const;
  void layer(size_t index, State& state) const;
  void last_layer(State& state) const;
  void classify(State& state) const;
  void pool(State& state) const;
  torch::Tensor attend(State& state, const torch::Tensor& query, const torch::Tensor& key) const;
  torch::Tensor scores(size_t index, const State& state, const torch::Tensor& probabilities) const;
  static torch::Tensor column_mean(const State& state, const torch::Tensor& probabilities);
  void measure(State& state, const torch::Tensor& probabilities) const;
  void finish_layer(const std::string& name, State& state, const torch::Tensor& residual,
                    const torch::Tensor& context) const;
  torch::Tensor norm(const std::string& name, const torch::Tensor& x) const;
  torch::Tensor pooler_activation(const torch::Tensor& x) const;
  const BertModules& names() const;

  BertConfig bert_;
  VectorHead head_;
};

// The names of the scorers that a model may have, of every layer but the last: (d) each.
std::vector<std::string> scorer_names(const BertConfig& config);

struct BertTensor {
  std::string name;  // without its prefix ("bert.")
  std::vector<uint64_t> shape;
  // Of the head, which a folder may lack. Embeddings have no use for a pooler, but keep one that is there.
  bool may_lack = false;
};

// Every tensor of a classifier or an encoder of embeddings of this architecture.
std::vector<BertTensor> bert_tensors(const BertConfig& config);

}  // namespace latformer::train
