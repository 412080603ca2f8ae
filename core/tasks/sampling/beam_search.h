// Beam search over one text, as transformers does it (early_stopping False).
//
//   score of a beam      = sum of log p of its new tokens (after the repetition penalty)
//   score of a finished  = that sum / (number of new tokens)^length_penalty
//
// Each step takes the best max(2, 1 + ends) x num_beams continuations of all beams together. Those of the first
// num_beams that finish compete for the num_beams places of finished ones; the best num_beams that do not finish run
// on. The search ends when no place could be improved by the best beam that runs, at its present length; or when no
// continuation may go on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/base/status.h"

namespace latformer {

struct BeamOptions {
  uint32_t num_beams = 1;
  double length_penalty = 1;
};

// Errors: invalid_argument, naming the option.
Status check(const BeamOptions& options);

class BeamSearch {
 public:
  // How a text goes on from here; ends of text among the tokens.
  struct Beam {
    std::vector<int32_t> tokens;  // new ones
    float score = 0;
    bool finished = false;
  };
  // Whether a beam of these new tokens has to end.
  using Ends = std::function<bool(std::span<const int32_t> tokens)>;

  // end_tokens: how many tokens end a text.
  BeamSearch(const BeamOptions& options, size_t end_tokens, Ends ends);

  // The beams that run: num_beams of them, though before the first step all are empty and only the first counts.
  const std::vector<Beam>& running() const { return running_; }
  bool done() const { return done_; }

  // log_probs (num_beams, vocabulary) of what follows each running beam. Returns, for each beam that then runs, the
  // one that it goes on from.
  std::vector<uint32_t> step(std::span<const float> log_probs);

  // The tokens of the best beam that finished; once done().
  const Beam& best() const { return finished_.front(); }

 private:
  BeamOptions options_;
  size_t candidates_;
  Ends ends_;
  std::vector<Beam> running_, finished_;
  bool improvable_ = true;
  bool done_ = false;
};

}  // namespace latformer
