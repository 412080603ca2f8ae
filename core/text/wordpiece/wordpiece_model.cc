#include "core/text/wordpiece/wordpiece_model.h"

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

// As the decoder "WordPiece" of Hugging Face's tokenizers: a blank before each word but the first.
void WordPieceModel::decode(std::string_view token, bool is_first, std::string& out) const {
  const std::string& prefix = word_pieces_.continuing_prefix;
  if (!is_first) {
    if (!prefix.empty() && token.starts_with(prefix)) {
      token.remove_prefix(prefix.size());
    } else {
      out += ' ';
    }
  }
  out += token;
}

}  // namespace latformer
