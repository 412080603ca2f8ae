// Bytes as the printable characters that byte-level vocabularies are written in (GPT-2's bytes_to_unicode).
//
//   '!' .. '~', U+00A1 .. U+00AC, U+00AE .. U+00FF   stand for the bytes of the same number
//   U+0100, U+0101, ...                              for the others, in order: U+0120 is the blank
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace latformer::byte_map {

// The character that stands for `byte`.
char32_t character(uint8_t byte);

// Appends the bytes that a token's characters stand for; false, and nothing is appended, if one stands for none.
bool append_bytes(std::string_view token, std::string& out);

}  // namespace latformer::byte_map
