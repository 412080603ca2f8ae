// What a text becomes: ids for the model, and for each the bytes of the text that it stands for.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace latformer {

// Half-open byte range in the original UTF-8 text; {0, 0} for tokens that the tokenizer added ([CLS], [SEP]).
struct TextSpan {
  uint32_t begin = 0;
  uint32_t end = 0;
};

// One text (or pair) as the model reads it; all vectors have the same length.
struct Encoding {
  std::vector<int32_t> ids;
  std::vector<uint8_t> type_ids;      // what the model is told: 0 for the first text, 1 for the second of a pair
  std::vector<uint8_t> sequence_ids;  // 1 for tokens of the second text, else 0
  std::vector<TextSpan> spans;        // into the text that the token comes from (see sequence_ids)
  std::vector<uint8_t> is_special;    // 1 for tokens that the tokenizer added; [MASK] in a text is not one
  std::vector<uint8_t> continues;     // 1 for a word piece that goes on with the word before it
  bool truncated = false;             // true if tokens were left out to keep to max_tokens
};

// The same without the tokens that the tokenizer added.
Encoding without_special(const Encoding& encoding);

// Positions in UTF-8 bytes -> positions in UTF-16 units (what JavaScript's string indices count) for spans of one text.
// Linear in the text; spans need not be sorted.
std::vector<TextSpan> to_utf16(std::string_view text, const std::vector<TextSpan>& spans);

}  // namespace latformer
