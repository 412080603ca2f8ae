// Which sentences of a prompt have to do with what it ends in, by the model's token embeddings alone: before any layer
// has run.
//
//   likeness of sentence S to the last tokens Q:   sum over q in Q of  r(q) max(0, max over t in S of cos(e_q, e_t))^2
//
// e: token embeddings less their mean over the vocabulary; r(q) = log(1 + N / how often q stands in the prompt) log(1 +
// q): what stands everywhere tells nothing, nor do the tokens that a vocabulary begins with, which are the most common.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "core/elimination/prompt_settings.h"

namespace latformer {

class SentenceFinder {
 public:
  // y (d) = the embedding of token `id`.
  using Embedding = std::function<void(int32_t id, float* y)>;

  // ends (vocabulary): whether a sentence may end behind the token.
  SentenceFinder(size_t hidden_size, Embedding embedding, std::vector<bool> ends);

  // The positions of `count` tokens of a prompt of more than that, rising: the first, the last how.tail_share of them,
  // and sentences from the most alike on; of the sentence that there is no more room for, what stands last.
  std::vector<uint32_t> choose(std::span<const int32_t> prompt, uint32_t count, const PromptElimination& how) const;

 private:
  size_t hidden_size_;
  Embedding embedding_;
  std::vector<bool> ends_;
  std::vector<float> mean_;  // (d)
};

// Whether a sentence may end behind a token of this text: . ! ? or a line break, closing quotes and brackets behind it.
bool may_end_sentence(std::string_view token_text);

}  // namespace latformer
