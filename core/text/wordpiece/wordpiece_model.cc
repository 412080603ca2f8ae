#include "core/text/wordpiece/wordpiece_model.h"

#include <cstddef>
#include <utility>

#include "core/text/utf8.h"

namespace latformer {

void WordPieceModel::cut(std::string_view text, size_t begin, size_t end, TokenList& tokens) const {
  WordPieces words(vocabulary_, word_pieces_, tokens);
  Normalizer(normalizer_, words).run(text, begin, end);
  words.end_word();
}

NormalizedText WordPieceModel::normalize(std::string_view text, size_t begin, size_t end) const {
  NormalizedText result;
  Normalizer(normalizer_, result).run(text, begin, end);
  return result;
}

void WordPieceModel::cut(const NormalizedText& text, size_t begin, size_t end, TokenList& tokens) const {
  WordPieces words(vocabulary_, word_pieces_, tokens);
  for (size_t position = begin; position < end && !words.full();) {
    const utf8::CodePoint c = utf8::decode(text.text, position);
    words.put(c.value, text.spans[position]);
    position += c.size;
  }
  words.end_word();
}

namespace {

// What the decoder's "cleanup" puts in place of what, in each piece, in this order.
constexpr std::pair<std::string_view, std::string_view> kCleanUp[] = {
    {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},    {" n't", "n't"},
    {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"},
};

void clean_up(std::string& piece) {
  for (const auto& [dirty, clean] : kCleanUp) {
    for (size_t at = piece.find(dirty); at != std::string::npos; at = piece.find(dirty, at + clean.size())) {
      piece.replace(at, dirty.size(), clean);
    }
  }
}

}  // namespace

// As the decoder "WordPiece" of Hugging Face's tokenizers: a blank before each word but the first.
void WordPieceModel::decode(std::string_view token, bool is_first, std::string& out) const {
  const std::string& prefix = word_pieces_.continuing_prefix;
  std::string piece;
  if (!is_first) {
    if (!prefix.empty() && token.starts_with(prefix)) {
      token.remove_prefix(prefix.size());
    } else {
      piece += ' ';
    }
  }
  piece += token;
  if (word_pieces_.cleans_up) clean_up(piece);
  out += piece;
}

}  // namespace latformer
