#include "core/text/bpe/byte_map.h"

#include <array>

#include "core/text/utf8.h"

namespace latformer::byte_map {
namespace {

constexpr bool stands_for_itself(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr size_t kOthers = 68;  // bytes that do not stand for themselves

struct Tables {
  std::array<char32_t, 256> characters{};
  std::array<uint8_t, kOthers> others{};  // the byte of U+0100 + i
};

constexpr Tables make_tables() {
  Tables tables;
  size_t other = 0;
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (stands_for_itself(byte)) {
      tables.characters[byte] = byte;
    } else {
      tables.characters[byte] = static_cast<char32_t>(0x100 + other);
      tables.others[other++] = static_cast<uint8_t>(byte);
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

}  // namespace

char32_t character(uint8_t byte) { return kTables.characters[byte]; }

bool append_bytes(std::string_view token, std::string& out) {
  const size_t size = out.size();
  for (size_t position = 0; position < token.size();) {
    const utf8::CodePoint c = utf8::decode(token, position);
    position += c.size;
    if (c.value < 0x100 && stands_for_itself(c.value)) {
      out += static_cast<char>(c.value);
    } else if (c.value >= 0x100 && c.value < 0x100 + kOthers) {
      out += static_cast<char>(kTables.others[c.value - 0x100]);
    } else {
      out.resize(size);
      return false;
    }
  }
  return true;
}

}  // namespace latformer::byte_map
