// WordPiece as BERT has it: normalizer, words, pieces (word_pieces.h).
#pragma once

#include <string>
#include <string_view>

#include "core/text/text_model.h"
#include "core/text/wordpiece/normalizer.h"
#include "core/text/wordpiece/word_pieces.h"

namespace latformer {

class WordPieceModel final : public TextModel {
 public:
  WordPieceModel(Vocabulary vocabulary, WordPieceSettings word_pieces, NormalizerSettings normalizer)
      : vocabulary_(std::move(vocabulary)), word_pieces_(std::move(word_pieces)), normalizer_(normalizer) {}

  const Vocabulary& vocabulary() const override { return vocabulary_; }
  TextModelFacts facts() const override {
    return {.type = "WordPiece",
            .lowercase = normalizer_.lowercase,
            .strip_accents = normalizer_.strip_accents,
            .handle_chinese_chars = normalizer_.handle_chinese_chars};
  }
  void cut(std::string_view text, size_t begin, size_t end, TokenList& tokens) const override;
  bool normalizes() const override { return true; }
  NormalizedText normalize(std::string_view text, size_t begin, size_t end) const override;
  void cut(const NormalizedText& text, size_t begin, size_t end, TokenList& tokens) const override;
  void decode(std::string_view token, bool is_first, std::string& out) const override;

 private:
  Vocabulary vocabulary_;
  WordPieceSettings word_pieces_;
  NormalizerSettings normalizer_;
};

}  // namespace latformer
