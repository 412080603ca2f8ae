// Normalized text -> words -> pieces -> ids.
//
// Words end at white space; every punctuation character is a word of its own. A word is cut greedily: the longest entry
// of the vocabulary that it begins with, then, behind the continuing prefix ("##"), the longest that the rest begins
// with, and so on. If that fails, or the word is too long, the whole word is one unknown token.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/encoding.h"
#include "core/text/token_list.h"
#include "core/text/vocabulary.h"

namespace latformer {

struct WordPieceSettings {
  int32_t unknown_id = 0;
  std::string continuing_prefix = "##";
  uint64_t max_chars_per_word = 100;  // code points
  bool cleans_up = true;              // when decoding: no blanks before marks
};

// Takes a text one code point at a time (a Sink of Normalizer).
class WordPieces {
 public:
  WordPieces(const Vocabulary& vocabulary, const WordPieceSettings& settings, TokenList& tokens)
      : vocabulary_(vocabulary), settings_(settings), tokens_(tokens) {}

  void put(char32_t c, TextSpan span);
  void end_word();
  bool full() const { return tokens_.full(); }

 private:
  void append(char32_t c, TextSpan span);
  bool cut_word();  // into pieces_; false if the word is unknown

  const Vocabulary& vocabulary_;
  const WordPieceSettings& settings_;
  TokenList& tokens_;

  // The word so far; text and spans stop growing once it is too long.
  uint64_t chars_ = 0;
  TextSpan word_span_;
  std::string word_;
  std::vector<TextSpan> spans_;  // (word_.size())
  struct Piece {
    int32_t id;
    size_t begin, end;  // bytes of word_
  };
  std::vector<Piece> pieces_;
};

}  // namespace latformer
