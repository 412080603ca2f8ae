// SentencePiece's unigram model: of all ways to cut a word into tokens, the one whose scores (logarithms of
// probabilities) sum up highest, by Viterbi:
//
//   best(0) = 0      best(j) = max over tokens t = word[i, j) of best(i) + score(t)
//
// A character that is no token by itself may also be unknown, 10 below the lowest score. Of equal sums the longest last
// token counts; sums are those of Hugging Face's tokenizers to the last bit. Linear in the word, times the longest
// token.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/normalizers/normalizer_step.h"
#include "core/text/pre_tokenizers/pre_tokenizer.h"
#include "core/text/text_model.h"
#include "core/text/trie.h"

namespace latformer {

struct UnigramSettings {
  int32_t unknown_id = 0;
  bool falls_back_to_bytes = false;  // what is unknown is its bytes, "<0xE4>", if all of them are tokens
  // As the decoder "Metaspace" puts tokens together; without, there is a blank between them.
  std::string blank = {};
  bool drops_first_blanks = false;  // of the first token
};

class UnigramModel final : public TextModel {
 public:
  // scores: by id, of every token; ids are 0, 1, ...
  UnigramModel(Vocabulary vocabulary, std::vector<double> scores, Normalizers normalizers, PreTokenizer pre_tokenizer,
               UnigramSettings settings);

  const Vocabulary& vocabulary() const override { return vocabulary_; }
  TextModelFacts facts() const override { return {.type = "Unigram"}; }
  void cut(std::string_view text, size_t begin, size_t end, TokenList& tokens) const override;
  bool normalizes() const override { return true; }
  NormalizedText normalize(std::string_view text, size_t begin, size_t end) const override;
  void cut(const NormalizedText& text, size_t begin, size_t end, TokenList& tokens) const override;
  void decode(std::string_view token, bool is_first, std::string& out) const override;

 private:
  class Words;

  Vocabulary vocabulary_;
  std::vector<double> scores_;
  double unknown_score_;
  Trie trie_;  // token -> id
  Normalizers normalizers_;
  PreTokenizer pre_tokenizer_;
  UnigramSettings settings_;
};

}  // namespace latformer
