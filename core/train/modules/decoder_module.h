// GPT-2 and Llama with gradients: what core/models/decoder/decoder.h computes, on LibTorch, so that they can learn to
// do with shorter prompts.
//
//   h       = norm(x)
//   k, v    = keys and values of all rows
//   stay    = of the prompt's rows the first, the last ones, and those with the highest score; all rows behind it
//   x       = x[stay] + attention(queries of h[stay], k, v) W_o;    x = x + feed-forward(norm(x))
//   logits  = head norm(x)
//
// A text is a prompt and what follows it. Selection is hard: ranks are constants to the gradient, and scorers learn
// from attention_loss alone. The texts of one pass are equally long and lose equally many rows, as windows of running
// text are and do, so that everything is a tensor without padding.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/base/status.h"
#include "core/models/gpt2/config.h"
#include "core/models/llama/config.h"
#include "core/train/modules/module.h"

namespace latformer::train {

using DecoderConfig = std::variant<Gpt2Config, LlamaConfig>;

DecoderFacts facts_of(const DecoderConfig& config);

class DecoderModule : public Module {
 public:
  // Weights by the names of transformers without their prefix ("transformer.", "model."), float32, every matrix as
  // (out, in). how: how prompts are made shorter (mode layers). Errors: out_of_memory.
  static Result<std::unique_ptr<DecoderModule>> create(const DecoderConfig& config, const PromptElimination& how,
                                                       std::map<std::string, torch::Tensor> weights);

  // counts[t]: rows of the prompt, the first options.prompt tokens of each text (0: all), that are to leave each layer,
  // the same for all texts. Logits (B (n - first), vocabulary) of the tokens from options.first_logits on, at most
  // prompt - 1 where anything is dropped. With options.attribution, `scores` are the logarithms of the prompt's scores
  // in every inner layer, (L - 1) of (B, prompt), with gradients of the scorers alone, and `attention`, (L) of (B,
  // prompt), is what the tokens behind the prompt and its last ones attend to, a mean over heads and tokens; no row may
  // be dropped then.
  ForwardOutput forward(std::span<const TokenText* const> texts, std::span<const std::vector<uint32_t>> counts,
                        const ForwardOptions& options) const override;

  const DecoderFacts& facts() const { return facts_; }
  const PromptElimination& elimination() const { return how_; }

 private:
  struct State;  // of one pass

  DecoderModule(const DecoderConfig& config, const PromptElimination& how,
                std::map<std::string, torch::Tensor> weights);

  std::string layer_name(size_t index) const;
  torch::Tensor embed(const State& state) const;
  void layer(size_t index, State& state) const;
  torch::Tensor norm(const std::string& name, const torch::Tensor& x) const;
  torch::Tensor queries(const std::string& name, size_t index, const torch::Tensor& h,
                        const torch::Tensor& positions) const;
  std::pair<torch::Tensor, torch::Tensor> keys_values(const std::string& name, const torch::Tensor& h,
                                                      const torch::Tensor& positions) const;
  torch::Tensor rotate(const torch::Tensor& x, const torch::Tensor& positions) const;
  torch::Tensor probabilities(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& places) const;
  torch::Tensor score(const std::string& name, size_t index, const State& state, const torch::Tensor& h,
                      const torch::Tensor& k, const torch::Tensor& v) const;
  torch::Tensor feed_forward(const std::string& name, const torch::Tensor& x) const;
  const torch::Tensor* scorer(size_t index) const;

  DecoderConfig model_;
  DecoderFacts facts_;
  PromptElimination how_;
  torch::Tensor cosines_, sines_;  // (positions, head_size / 2), of rotary positions
};

// The tensors of a decoder: as transformers names them without the prefix, their shape here, and whether the file has
// them the other way round.
struct DecoderTensor {
  std::string name;
  std::vector<uint64_t> shape;
  bool transposed = false;
};
std::vector<DecoderTensor> decoder_tensors(const DecoderConfig& config);
// The names of the scorers that a decoder may have, of every layer but the last: (d) each.
std::vector<std::string> scorer_names(const DecoderConfig& config);

// Mean over layers l < L of KL(T_l || softmax(scores_l)), both over the prompt's tokens behind the first; T_l(j) is the
// mean of what later layers attend to.
torch::Tensor attention_loss(const std::vector<torch::Tensor>& scores, const std::vector<torch::Tensor>& attention);

}  // namespace latformer::train
