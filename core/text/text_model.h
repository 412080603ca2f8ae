// What cuts the text between added tokens into tokens, and puts tokens together again: one class for each family of
// tokenizers, WordPiece (wordpiece/), byte pair encoding (bpe/) and unigram (unigram/).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/text/normalized_text.h"
#include "core/text/token_list.h"
#include "core/text/vocabulary.h"

namespace latformer {

// What can be said of a model's settings, for whoever explains one.
struct TextModelFacts {
  std::string_view type;  // as tokenizer.json calls it
  // Of BERT's normalizer; absent where the model has none.
  std::optional<bool> lowercase = {}, strip_accents = {}, handle_chinese_chars = {};
};

class TextModel {
 public:
  virtual ~TextModel() = default;

  virtual const Vocabulary& vocabulary() const = 0;
  virtual TextModelFacts facts() const = 0;

  // The tokens of text[begin, end), until tokens.full(). Linear in the text.
  virtual void cut(std::string_view text, size_t begin, size_t end, TokenList& tokens) const = 0;

  // The same in two steps, for added tokens that are looked for in the normalized text. Without a normalizer there is
  // nothing between the two, and neither is called.
  virtual bool normalizes() const = 0;
  virtual NormalizedText normalize(std::string_view text, size_t begin, size_t end) const = 0;
  virtual void cut(const NormalizedText& text, size_t begin, size_t end, TokenList& tokens) const = 0;

  // Appends the bytes that `token` stands for in a decoded text; they need not be whole characters.
  virtual void decode(std::string_view token, bool is_first, std::string& out) const = 0;
};

}  // namespace latformer
