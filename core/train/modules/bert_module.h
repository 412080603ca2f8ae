// BERT for sequence classification with gradients: what core/models/bert/model.h computes, on LibTorch, so that it can
// learn.
//
//   x       = LayerNorm(word + position + type embeddings)
//   A       = softmax(Q K^T / sqrt(dh) + log size)                     of each text and head
//   s_j     = mean of A's column j  *  exp(x_j u), if the layer has a scorer u
//   stay    = [CLS], the rows with the highest scores s, and the rest row          core/elimination/select.h
//   x       = LayerNorm(x[stay] + (A V)[stay] W_o + b_o)
//   x       = LayerNorm(x + act(x W_1 + b_1) W_2 + b_2)
//   logits  = tanh(x[CLS] W_p + b_p) W_c + b_c
//
// Linear layers run over the packed rows of all texts; attention pads each text to the longest of its batch, which
// batches.h keeps of nearly equal length. Selection is hard: ranks and the weights of the rest row are constants to the
// gradient, and scorers learn from importance_loss alone. The last layer runs for [CLS] alone.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/elimination/profile.h"
#include "core/elimination/select.h"
#include "core/models/bert/config.h"
#include "core/train/data/token_text.h"

namespace latformer::train {

struct ForwardOptions {
  Dropped dropped = Dropped::merge;
  double dropout = 0;          // of hidden states; 0 but in training
  uint64_t dropout_seed = 0;   // another one for each pass
  bool contributions = false;  // measure ACC: no row may be dropped then
  bool attribution = false;    // record what importance_loss reads: no row may be dropped then
};

struct ForwardOutput {
  torch::Tensor logits;  // (B, num_labels)
  torch::Tensor hidden;  // (B, d)  what the last layer makes of [CLS]
  // Of each text and layer: positions of the ordinary rows that left it.
  std::vector<std::vector<std::vector<uint32_t>>> kept_positions;
  // With contributions, of each text and layer: median over its ordinary words of n s_l(j); 1 for a text of none.
  std::vector<std::vector<double>> contributions;
  // With attribution, n tokens of the longest text: the scores of every inner layer, 0 where a text has no word, with
  // gradients of the scorers alone; and what is added to all attention towards a word in every layer, leaves of the
  // graph.
  std::vector<torch::Tensor> scores;  // (L - 1) of (B, n)
  std::vector<torch::Tensor> biases;  // (L) of (B, 1, 1, n)
};

class BertModule {
 public:
  // Weights by their names in BertForSequenceClassification, float32, as in core/format/weights.h without "bert.".
  BertModule(BertConfig config, std::map<std::string, torch::Tensor> weights);

  // counts[t]: rows that are to leave each layer of text t (Schedule::counts). Every text has at least one token and at
  // most max_position_embeddings, every id is in the vocabulary.
  ForwardOutput forward(std::span<const TokenText* const> texts, std::span<const std::vector<uint32_t>> counts,
                        const ForwardOptions& options) const;

  const BertConfig& config() const { return config_; }
  std::map<std::string, torch::Tensor>& weights() { return weights_; }
  const std::map<std::string, torch::Tensor>& weights() const { return weights_; }
  torch::Device device() const;
  void to(torch::Device device);
  bool has_scorers() const;
  // Embeddings stay as they are from now on: they have no gradient, and cost no time to have one.
  void freeze_embeddings();
  // What the products of the encoder are computed in: float32 (the default) or bfloat16, which is several times as fast
  // where the machine has it. Weights and their gradients, sums, softmax, LayerNorm and the classifier stay float32.
  void compute_in(torch::Dtype type) { compute_ = type; }

 private:
  struct State;  // of one pass

  void embed(State& state) const;
  void layer(size_t index, State& state) const;
  void last_layer(State& state) const;
  torch::Tensor attend(State& state, const torch::Tensor& query, const torch::Tensor& key) const;
  torch::Tensor scores(size_t index, const State& state, const torch::Tensor& probabilities) const;
  static torch::Tensor column_mean(const State& state, const torch::Tensor& probabilities);
  void measure(State& state, const torch::Tensor& probabilities) const;
  void finish_layer(const std::string& name, State& state, const torch::Tensor& residual,
                    const torch::Tensor& context) const;

  const torch::Tensor& weight(const std::string& name) const { return weights_.at(name); }
  torch::Tensor linear(const std::string& name, const torch::Tensor& x) const { return linear_in(compute_, name, x); }
  torch::Tensor linear_in(torch::Dtype type, const std::string& name, const torch::Tensor& x) const;
  // Several linear layers of the same input in one product, their results side by side.
  torch::Tensor linear(const std::string& prefix, std::initializer_list<const char*> names,
                       const torch::Tensor& x) const;
  torch::Tensor norm(const std::string& name, const torch::Tensor& x) const;

  BertConfig config_;
  std::map<std::string, torch::Tensor> weights_;
  torch::Dtype compute_ = torch::kFloat;
};

// The names of the scorers that a model may have, of every layer but the last: (d) each.
std::vector<std::string> scorer_names(const BertConfig& config);
bool is_scorer(std::string_view name);

// The name and shape of every tensor of a BertForSequenceClassification, without "bert.".
std::vector<std::pair<std::string, std::vector<uint64_t>>> bert_tensors(const BertConfig& config);

}  // namespace latformer::train
