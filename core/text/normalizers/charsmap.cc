#include "core/text/normalizers/charsmap.h"

#include <array>
#include <cstddef>

#include "core/text/utf8.h"

namespace latformer {
namespace {

std::optional<std::string> decode_base64(std::string_view text) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr uint8_t kNone = 64;
  std::array<uint8_t, 256> values;
  values.fill(kNone);
  for (size_t i = 0; i < kDigits.size(); ++i) values[static_cast<uint8_t>(kDigits[i])] = static_cast<uint8_t>(i);
  if (text.size() % 4 != 0) return {};
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 3);
  uint32_t bits = 0;
  int count = 0;
  for (const char digit : text) {
    const uint8_t value = values[static_cast<uint8_t>(digit)];
    if (value == kNone) return {};
    bits = bits << 6 | value;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<char>(bits >> count & 0xFF));
  }
  return bytes;
}

uint32_t number_at(std::string_view bytes, size_t place) {
  uint32_t number = 0;
  for (size_t i = 4; i-- > 0;) number = number << 8 | static_cast<uint8_t>(bytes[place + i]);
  return number;
}

uint32_t offset_of(uint32_t unit) { return unit >> 10 << ((unit & 1u << 9) >> 6); }

}  // namespace

Result<Charsmap> Charsmap::parse(const JsonValue& value) {
  LATFORMER_ASSIGN(const std::string_view base64, value.string());
  const std::optional<std::string> bytes = decode_base64(base64);
  if (!bytes) return value.fault("is not base64");
  if (bytes->size() < 4) return value.fault("ends too early");
  const size_t array = number_at(*bytes, 0);
  if (array % 4 != 0 || array == 0 || array > bytes->size() - 4) return value.fault("ends too early");
  Charsmap map;
  map.units_.reserve(array / 4);
  for (size_t place = 4; place < 4 + array; place += 4) map.units_.push_back(number_at(*bytes, place));
  map.replacements_ = bytes->substr(4 + array);
  if (!utf8::is_well_formed(map.replacements_)) return value.fault("has replacements that are not UTF-8");
  return map;
}

std::optional<std::string_view> Charsmap::replacement(std::string_view text) const {
  if (units_.empty()) return {};
  size_t node = offset_of(units_[0]);
  for (const char byte : text) {
    if (byte == 0) return {};
    node ^= static_cast<uint8_t>(byte);
    if (node >= units_.size()) return {};
    const uint32_t unit = units_[node];
    if ((unit & (1u << 31 | 0xFF)) != static_cast<uint8_t>(byte)) return {};
    node ^= offset_of(unit);
    if ((unit >> 8 & 1) == 0) continue;
    if (node >= units_.size()) return {};
    const size_t begin = units_[node] & ~(1u << 31);
    // Within a character: no file of SentencePiece's has that.
    if (begin >= replacements_.size() || (static_cast<uint8_t>(replacements_[begin]) & 0xC0) == 0x80) return {};
    const std::string_view rest = std::string_view(replacements_).substr(begin);
    return rest.substr(0, rest.find('\0'));
  }
  return {};
}

}  // namespace latformer
