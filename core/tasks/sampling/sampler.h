// Logits of a language model -> the next token: greedily, or drawn at random from what the options leave.
//
// The logits x (vocabulary) pass, in this order, exactly as through transformers' logits processors:
//
//   repetition_penalty p   x_i = x_i < 0 ? x_i p : x_i / p     for each token i that the text holds already
//   then, if do_sample:
//   temperature T          x_i = x_i / T
//   top_k k                out if x_i < the k-th highest       (so what ties with it stays)
//   top_p p                out if it and all that is less likely sum to at most 1 - p; the likeliest stays
//   min_p p                out if its probability is below p times the likeliest's
//
// What is out has logit -infinity. Greedy takes the highest logit, the lowest token of those that tie. A draw takes
// token i where the running sum of probabilities first exceeds u, uniform in [0, 1): the n-th number of the sequence
// that belongs to the seed (and to the text's place in a call), so that the same call gives the same text everywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/status.h"

namespace latformer {

// Defaults are transformers'.
struct SamplingOptions {
  bool do_sample = false;         // false: greedy, and of the following only repetition_penalty counts
  double temperature = 1;         // above 0
  uint32_t top_k = 50;            // 0: all
  double top_p = 1;               // 0 < top_p <= 1; 1: all
  double min_p = 0;               // 0 <= min_p <= 1; 0: all
  double repetition_penalty = 1;  // above 0; 1: none
  uint64_t seed = 0;
};

// Errors: invalid_argument, naming the option.
Status check(const SamplingOptions& options);

// The options' way of one text's logits; it keeps what that takes.
class Sampler {
 public:
  // options: checked. sequence: texts of one call draw from sequences of their own.
  explicit Sampler(const SamplingOptions& options, uint64_t sequence = 0) : options_(options), sequence_(sequence) {}

  // The next token after `text`, whose logits are changed. They are finite. The n-th call takes the n-th number.
  int32_t next(std::span<const int32_t> text, std::span<float> logits);

  // The part of it before a token is taken.
  void process(std::span<const int32_t> text, std::span<float> logits);

 private:
  void keep_top_k(std::span<float> logits);
  void keep_top_p(std::span<float> logits);
  void keep_min_p(std::span<float> logits);

  SamplingOptions options_;
  uint64_t sequence_;
  uint64_t drawn_ = 0;
  std::vector<uint32_t> order_;
  std::vector<uint8_t> seen_;
  std::vector<float> sorted_;
};

// The lowest of those that are highest.
int32_t argmax(std::span<const float> logits);

// x = log softmax(x).
void log_softmax(std::span<float> x);

}  // namespace latformer
