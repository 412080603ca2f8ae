// UTF-8, possibly ill-formed, one code point at a time.
//
// Bytes that are not UTF-8 read as U+FFFD, one for each maximal ill-formed part (Unicode, section 3.9; what Python's
// errors='replace' and the web's TextDecoder do). No copy of a text is ever repaired, so positions stay those of the
// original bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace latformer::utf8 {

inline constexpr char32_t kReplacement = 0xFFFD;

struct CodePoint {
  char32_t value;
  uint32_t size;               // bytes, at least 1
  bool is_ill_formed = false;  // the bytes are not UTF-8 and `value` is U+FFFD
};

CodePoint decode_multibyte(std::string_view text, size_t position);

// The code point that begins at text[position], position < text.size().
inline CodePoint decode(std::string_view text, size_t position) {
  const auto lead = static_cast<unsigned char>(text[position]);
  if (lead < 0x80) return {lead, 1};
  return decode_multibyte(text, position);
}

// Whether all of it is UTF-8.
bool is_well_formed(std::string_view text);

// Whether further bytes could make a character of the ill-formed ones that `text` begins with.
bool may_go_on(std::string_view text);

// The code point that ends before text[position], position > 0.
CodePoint decode_before(std::string_view text, size_t position);

size_t append_multibyte(char32_t c, std::string& out);

// Appends the 1 to 4 bytes of `c`; the number of bytes.
inline size_t append(char32_t c, std::string& out) {
  if (c >= 0x80) return append_multibyte(c, out);
  out.push_back(static_cast<char>(c));
  return 1;
}

}  // namespace latformer::utf8
