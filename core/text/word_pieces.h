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
#include "core/text/vocabulary.h"

namespace latformer {

struct WordPieceSettings {
  int32_t unknown_id = 0;
  std::string continuing_prefix = "##";
  uint64_t max_chars_per_word = 100;  // code points
};

// The tokens of one text: all are counted, the first `limit` are kept.
struct TokenList {
  explicit TokenList(size_t most) : limit(most) {}
  void push(int32_t id, TextSpan span, bool goes_on = false) {
    if (count++ >= limit) return;
    ids.push_back(id);
    spans.push_back(span);
    continues.push_back(goes_on);
  }
  bool overflows() const { return count > limit; }

  size_t limit;
  size_t count = 0;
  std::vector<int32_t> ids;
  std::vector<TextSpan> spans;
  std::vector<uint8_t> continues;  // 1 for a piece that goes on with the word before it
};

// Takes a text one code point at a time (a Sink of Normalizer).
class WordPieces {
 public:
  // With `stop_early`, full() holds as soon as there are more tokens than `tokens` keeps.
  WordPieces(const Vocabulary& vocabulary, const WordPieceSettings& settings, TokenList& tokens, bool stop_early);

  void put(char32_t c, TextSpan span);
  void end_word();
  void token(int32_t id, TextSpan span) { tokens_.push(id, span); }
  bool full() const { return stop_early_ && tokens_.overflows(); }

 private:
  void append(char32_t c, TextSpan span);
  bool cut_word();  // into pieces_; false if the word is unknown

  const Vocabulary& vocabulary_;
  const WordPieceSettings& settings_;
  TokenList& tokens_;
  const bool stop_early_;

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
