// A model with gradients, as the trainer and all measuring see it: {forward, weights, config}. A model's own folder of
// the core says what it computes; the module computes the same on LibTorch, so that it can learn (bert_module.h).
#pragma once

#include <torch/types.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/elimination/cost.h"
#include "core/elimination/profile.h"
#include "core/format/labels.h"
#include "core/train/data/token_text.h"

namespace latformer::train {

struct ModuleConfig {
  ProblemType problem_type = ProblemType::single_label;
  Cost cost;  // what its layers cost, and how many there are
};

struct ForwardOptions {
  Dropped dropped = Dropped::merge;
  double dropout = 0;          // of hidden states; 0 but in training
  uint64_t dropout_seed = 0;   // another one for each pass
  bool contributions = false;  // measure ACC: no row may be dropped then
  bool attribution = false;    // record what importance_loss reads: no row may be dropped then
  bool rows = false;           // record what rows_loss reads
  // Of decoders: how many tokens at the beginning of each text counts are of (0: all), and the first whose logits are
  // wanted.
  uint32_t prompt = 0;
  uint32_t first_logits = 0;
};

struct ForwardOutput {
  torch::Tensor logits;  // (B, num_labels); of a decoder (rows, vocabulary); of embeddings the vectors (B, d)
  torch::Tensor hidden;  // (B, d)  what the last layer makes of the row that is read, or of the pooled ones
  // Of each text and layer: positions of the ordinary rows that left it.
  std::vector<std::vector<std::vector<uint32_t>>> kept_positions;
  // With contributions, of each text and layer: median over its ordinary words of n s_l(j); 1 for a text of none.
  std::vector<std::vector<double>> contributions;
  // With attribution, n tokens of the longest text: the scores of every inner layer, 0 where a text has no word, with
  // gradients of the scorers alone; and what is added to all attention towards a word in every layer, leaves of the
  // graph.
  std::vector<torch::Tensor> scores;  // (L - 1) of (B, n)
  std::vector<torch::Tensor> biases;  // (L) of (B, 1, 1, n)
  // With attribution, of a decoder: what attention_loss reads beside scores.
  std::vector<torch::Tensor> attention;  // (L) of (B, prompt)
  // With rows: what every inner layer makes of the rows that leave it, packed text behind text; and of each text and
  // inner layer, how many these are (a rest row is the last of its text).
  std::vector<torch::Tensor> rows;  // (L - 1) of (T_l, d)
  std::vector<std::vector<uint32_t>> row_counts;
};

class Module {
 public:
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  virtual ~Module() = default;

  // counts[t]: rows that are to leave each layer of text t (Schedule::counts). Every text has at least one token and at
  // most as many as the model has positions, every id is in the vocabulary.
  virtual ForwardOutput forward(std::span<const TokenText* const> texts, std::span<const std::vector<uint32_t>> counts,
                                const ForwardOptions& options) const = 0;

  const ModuleConfig& config() const { return config_; }
  std::map<std::string, torch::Tensor>& weights() { return weights_; }
  const std::map<std::string, torch::Tensor>& weights() const { return weights_; }
  torch::Device device() const { return weights_.begin()->second.device(); }
  void to(torch::Device device);
  bool has_scorers() const;
  // Embeddings stay as they are from now on: they have no gradient, and cost no time to have one.
  void freeze_embeddings();
  // What the products of the encoder are computed in: float32 (the default) or bfloat16, which is several times as fast
  // where the machine has it. Weights and their gradients, sums, softmax, LayerNorm and the classifier stay float32.
  void compute_in(torch::Dtype type) { compute_ = type; }
  torch::Dtype compute_type() const { return compute_; }

  // While one lives, weights are brought into the type that is computed in once and not in every pass; they must not
  // change meanwhile. Its passes have gradients, or none has.
  class CastOnce {
   public:
    explicit CastOnce(const Module& module) : module_(module) { module_.casting_ = true; }
    ~CastOnce() {
      module_.casting_ = false;
      module_.casts_.clear();
    }
    CastOnce(const CastOnce&) = delete;
    CastOnce& operator=(const CastOnce&) = delete;

   private:
    const Module& module_;
  };

 protected:
  Module(ModuleConfig config, std::map<std::string, torch::Tensor> weights);

  const torch::Tensor& weight(const std::string& name) const { return weights_.at(name); }
  // x W^T + b of the linear layer `name`, in float32.
  torch::Tensor linear_in_float(const std::string& name, const torch::Tensor& x) const;
  // The same of prefix + name in the type that is computed in; several layers of the same input are one product, their
  // results side by side.
  torch::Tensor linear(const std::string& prefix, std::initializer_list<std::string_view> names,
                       const torch::Tensor& x) const;

 private:
  // The tensors prefix + name + kind below each other, in the type that is computed in.
  torch::Tensor cast(const std::string& prefix, std::initializer_list<std::string_view> names, const char* kind) const;

  ModuleConfig config_;
  std::map<std::string, torch::Tensor> weights_;
  torch::Dtype compute_ = torch::kFloat;
  mutable bool casting_ = false;
  mutable std::map<std::string, torch::Tensor> casts_;
};

// Scorers are the weights that a layer learns what to keep by (docs/method.md), by their names.
inline bool is_scorer(std::string_view name) { return name.ends_with("scorer.weight"); }

}  // namespace latformer::train
