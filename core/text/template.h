// What stands around the texts: [CLS] first_text [SEP] second_text [SEP], and which tokens stay when there is no room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/text/encoding.h"
#include "core/text/token_list.h"

namespace latformer {

struct TemplatePiece {
  enum class Kind : uint8_t { first_text, second_text, special };
  Kind kind;
  uint8_t type_id;
  int32_t id = -1;  // of a special token
};
using Template = std::vector<TemplatePiece>;

size_t count_special(const Template& pieces);

// Tokens [begin, end) of a text.
struct TokenRange {
  const TokenList* tokens;
  size_t begin, end;
};

// `second` is not looked at by a template of a single text.
Encoding assemble(const Template& pieces, TokenRange first, TokenRange second);

// How many tokens of a pair stay when together they may have `most`: Hugging Face's 'longest_first'. The shorter text
// stays whole if the other can make room for it without becoming the shorter one; else each gets half.
std::pair<size_t, size_t> longest_first(size_t first, size_t second, size_t most);

}  // namespace latformer
