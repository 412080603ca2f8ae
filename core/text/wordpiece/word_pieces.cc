#include "core/text/wordpiece/word_pieces.h"

#include "core/text/unicode/unicode.h"
#include "core/text/utf8.h"

namespace latformer {

void WordPieces::put(char32_t c, TextSpan span) {
  const uint8_t bits = unicode::bits(c);
  if ((bits & unicode::kWhiteSpace) != 0) return end_word();
  if ((bits & unicode::kPunctuation) == 0) return append(c, span);
  end_word();
  append(c, span);
  end_word();
}

void WordPieces::append(char32_t c, TextSpan span) {
  if (chars_++ == 0) word_span_.begin = span.begin;
  word_span_.end = span.end;
  if (chars_ > settings_.max_chars_per_word) return;
  for (size_t bytes = utf8::append(c, word_); bytes > 0; --bytes) spans_.push_back(span);
}

void WordPieces::end_word() {
  if (chars_ == 0) return;
  if (cut_word()) {
    for (const Piece& piece : pieces_) {
      tokens_.push(piece.id, {spans_[piece.begin].begin, spans_[piece.end - 1].end}, piece.begin > 0);
    }
  } else {
    tokens_.push(settings_.unknown_id, word_span_);
  }
  chars_ = 0;
  word_.clear();
  spans_.clear();
}

bool WordPieces::cut_word() {
  if (chars_ > settings_.max_chars_per_word) return false;
  pieces_.clear();
  for (size_t begin = 0; begin < word_.size(); begin = pieces_.back().end) {
    const std::string_view prefix = begin == 0 ? std::string_view() : settings_.continuing_prefix;
    const auto match = vocabulary_.longest_match(prefix, std::string_view(word_).substr(begin));
    if (!match) return false;
    pieces_.push_back({match->id, begin, begin + match->size});
  }
  return true;
}

}  // namespace latformer
