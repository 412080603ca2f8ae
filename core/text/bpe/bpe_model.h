// Byte pair encoding over bytes, as GPT-2 has it.
//
// A word begins as its bytes, one token each; then of all neighbours that merge, those whose merge stands first in the
// list become one, the leftmost first, until none is left. Neighbours wait in a heap, so a word of n bytes takes
// n log n steps.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/text/bpe/merges.h"
#include "core/text/normalizers/normalizer_step.h"
#include "core/text/pre_tokenizers/pre_tokenizer.h"
#include "core/text/text_model.h"

namespace latformer {

struct BpeSettings {
  int32_t unknown_id = -1;      // for bytes that are no token; -1: they are left out
  bool fuses_unknown = false;   // neighbours that are unknown are one token
  bool ignores_merges = false;  // of words that are tokens themselves
};

class BpeModel final : public TextModel {
 public:
  BpeModel(Vocabulary vocabulary, Merges merges, Normalizers normalizers, PreTokenizer pre_tokenizer,
           BpeSettings settings);

  const Vocabulary& vocabulary() const override { return vocabulary_; }
  TextModelFacts facts() const override { return {.type = "BPE"}; }
  void cut(std::string_view text, size_t begin, size_t end, TokenList& tokens) const override;
  bool normalizes() const override { return !normalizers_.empty(); }
  NormalizedText normalize(std::string_view text, size_t begin, size_t end) const override;
  void cut(const NormalizedText& text, size_t begin, size_t end, TokenList& tokens) const override;
  void decode(std::string_view token, bool is_first, std::string& out) const override;

 private:
  class Words;

  Vocabulary vocabulary_;
  Merges merges_;
  Normalizers normalizers_;
  PreTokenizer pre_tokenizer_;
  BpeSettings settings_;
  std::array<int32_t, 256> byte_ids_;  // -1: no token
};

}  // namespace latformer
