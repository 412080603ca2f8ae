// Positions in UTF-8 -> positions in UTF-16, for JavaScript.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/text/encoding.h"
#include "core/text/utf8.h"

namespace latformer {

std::vector<TextSpan> to_utf16(std::string_view text, const std::vector<TextSpan>& spans) {
  // One pass sets a mark in every kStride bytes; a position is then counted on from the last mark before it.
  constexpr size_t kStride = 64;
  struct Mark {
    uint32_t bytes;  // where the first code point of the block begins
    uint32_t units;  // UTF-16 units before it
  };
  std::vector<Mark> marks;
  marks.reserve(text.size() / kStride + 1);
  const auto units_of = [](const utf8::CodePoint& c) { return c.value >= 0x10000 ? 2u : 1u; };
  uint32_t units = 0;
  for (size_t position = 0; position < text.size();) {
    if (position >= marks.size() * kStride) marks.push_back({static_cast<uint32_t>(position), units});
    const utf8::CodePoint c = utf8::decode(text, position);
    units += units_of(c);
    position += c.size;
  }

  Mark last = {0, 0};  // spans mostly come in order: go on from the position before
  const auto convert = [&](uint32_t bytes) -> uint32_t {
    if (bytes >= text.size()) return units;
    // A position inside a code point counts as behind it: that may come before its block's mark, or have none at all.
    Mark at = marks[std::min(bytes / kStride, marks.size() - 1)];
    if (last.bytes <= bytes && last.bytes > at.bytes) at = last;
    while (at.bytes < bytes) {
      const utf8::CodePoint c = utf8::decode(text, at.bytes);
      at.bytes += c.size;
      at.units += units_of(c);
    }
    last = at;
    return at.units;
  };
  std::vector<TextSpan> converted;
  converted.reserve(spans.size());
  for (const TextSpan& span : spans) converted.push_back({convert(span.begin), convert(span.end)});
  return converted;
}

}  // namespace latformer
