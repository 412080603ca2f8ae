#include "core/text/utf8.h"

#include <algorithm>

namespace latformer::utf8 {

CodePoint decode_multibyte(std::string_view text, size_t position) {
  // How many bytes must follow the lead byte, and the range of the first of them (Unicode, table 3-7: it keeps out
  // overlong forms, surrogates and what lies beyond U+10FFFF); the others range over 80..BF.
  const auto lead = static_cast<unsigned char>(text[position]);
  uint32_t following = 0;
  unsigned char least = 0x80, most = 0xBF;
  char32_t value = 0;
  if (lead >= 0xC2 && lead <= 0xDF) {
    following = 1;
    value = lead & 0x1F;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    following = 2;
    value = lead & 0x0F;
    if (lead == 0xE0) least = 0xA0;
    if (lead == 0xED) most = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    following = 3;
    value = lead & 0x07;
    if (lead == 0xF0) least = 0x90;
    if (lead == 0xF4) most = 0x8F;
  } else {
    return {kReplacement, 1, true};
  }
  for (uint32_t size = 1; size <= following; ++size) {
    if (size >= text.size() - position) return {kReplacement, size, true};
    const auto byte = static_cast<unsigned char>(text[position + size]);
    if (byte < least || byte > most) return {kReplacement, size, true};
    value = value << 6 | (byte & 0x3F);
    least = 0x80;
    most = 0xBF;
  }
  return {value, following + 1};
}

bool is_well_formed(std::string_view text) {
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (std::all_of(text.begin(), text.end(), is_ascii)) return true;  // nearly always
  for (size_t position = 0; position < text.size();) {
    const CodePoint c = decode(text, position);
    if (c.is_ill_formed) return false;
    position += c.size;
  }
  return true;
}

bool may_go_on(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  return lead >= 0xC2 && lead <= 0xF4 && decode(text, 0).size == text.size();
}

CodePoint decode_before(std::string_view text, size_t position) {
  text = text.substr(0, position);
  // A lead byte can stand at most four bytes back; a maximal ill-formed part that begins there ends here or earlier.
  for (size_t begin = position; begin > 0 && position - begin < 4;) {
    --begin;
    const auto byte = static_cast<unsigned char>(text[begin]);
    if (byte >= 0x80 && byte <= 0xBF) continue;  // a continuation byte
    const CodePoint c = decode(text, begin);
    if (begin + c.size == position) return c;
    break;
  }
  return {kReplacement, 1, true};
}

size_t append_multibyte(char32_t c, std::string& out) {
  const auto continuation = [](char32_t bits) { return static_cast<char>(0x80 | (bits & 0x3F)); };
  if (c < 0x800) {
    out.push_back(static_cast<char>(0xC0 | c >> 6));
    out.push_back(continuation(c));
    return 2;
  }
  if (c < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | c >> 12));
    out.push_back(continuation(c >> 6));
    out.push_back(continuation(c));
    return 3;
  }
  out.push_back(static_cast<char>(0xF0 | c >> 18));
  out.push_back(continuation(c >> 12));
  out.push_back(continuation(c >> 6));
  out.push_back(continuation(c));
  return 4;
}

}  // namespace latformer::utf8
