#include "core/text/unicode/graphemes.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>

#include "core/text/utf8.h"

namespace latformer::unicode {
namespace {

#include "core/text/unicode/graphemes.inc"

struct Range {
  char32_t first, last;
};

// What stands alone whatever comes behind it.
constexpr std::array<Range, 11> kControls = {{{0x0, 0x1F},
                                              {0x7F, 0x9F},
                                              {0xAD, 0xAD},
                                              {0x61C, 0x61C},
                                              {0x180E, 0x180E},
                                              {0x200B, 0x200B},
                                              {0x200E, 0x200F},
                                              {0x2028, 0x202E},
                                              {0x2060, 0x206F},
                                              {0xFEFF, 0xFEFF},
                                              {0xFFF0, 0xFFFB}}};

// What belongs to the character behind it.
constexpr std::array<Range, 16> kPrepended = {{{0x600, 0x605},
                                               {0x6DD, 0x6DD},
                                               {0x70F, 0x70F},
                                               {0x890, 0x891},
                                               {0x8E2, 0x8E2},
                                               {0xD4E, 0xD4E},
                                               {0x110BD, 0x110BD},
                                               {0x110CD, 0x110CD},
                                               {0x111C2, 0x111C3},
                                               {0x113D1, 0x113D1},
                                               {0x1193F, 0x1193F},
                                               {0x11941, 0x11941},
                                               {0x11A3A, 0x11A3A},
                                               {0x11A84, 0x11A89},
                                               {0x11D46, 0x11D46},
                                               {0x11F02, 0x11F02}}};

template <size_t n>
bool is_in(const std::array<Range, n>& ranges, char32_t c) {
  return std::ranges::any_of(ranges, [c](const Range& range) { return c >= range.first && c <= range.last; });
}

bool is_control(char32_t c) { return is_in(kControls, c); }

// Whether it belongs to the character before it.
bool is_attached(char32_t c) {
  if (c < 0x300) return false;
  const uint32_t* next =
      std::upper_bound(std::begin(kAttachedRuns), std::end(kAttachedRuns), uint32_t{c} << 11 | 0x7FF);
  if (next == std::begin(kAttachedRuns)) return false;
  return c - (next[-1] >> 11) < (next[-1] & 0x7FF);
}

}  // namespace

size_t end_of_grapheme(std::string_view text, size_t begin) {
  utf8::CodePoint c = utf8::decode(text, begin);
  size_t end = begin + c.size;
  if (c.value == '\r') return end < text.size() && text[end] == '\n' ? end + 1 : end;
  const auto next = [&] { return utf8::decode(text, end); };
  while (end < text.size() && is_in(kPrepended, c.value) && !is_control(next().value)) {
    c = next();
    end += c.size;
  }
  if (is_control(c.value)) return end;
  while (end < text.size() && is_attached(next().value)) end += next().size;
  return end;
}

}  // namespace latformer::unicode
