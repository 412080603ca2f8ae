// What a normalizer makes of a text, as Hugging Face's say it: a row of characters, each with how many characters of
// the text before it takes the place of. Where those numbers do not add up there, they do not here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/text/normalized_text.h"
#include "core/text/utf8.h"

namespace latformer {

// A character of the new text, and what it takes the place of in the old one: of one character, and -by further ones;
// by > 0: of none, it shares what the one before it stands for.
struct Change {
  char32_t c;
  int32_t by;
};

NormalizedText changed(const NormalizedText& old, const std::vector<Change>& changes);

// Calls visit(c, begin, end) for each character.
template <class Visit>
void for_each_character(std::string_view text, Visit visit) {
  for (size_t begin = 0; begin < text.size();) {
    const utf8::CodePoint c = utf8::decode(text, begin);
    visit(c.value, begin, begin + c.size);
    begin += c.size;
  }
}

}  // namespace latformer
