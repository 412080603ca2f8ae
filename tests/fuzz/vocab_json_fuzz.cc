// Any bytes as vocab.json, merges.txt and tokenizer_config.json, a text and its pair (parts with a line "--" between
// them): no crash, every encoding is sound, and any ids are a text. The first part is "+" where the vocabulary is that
// of all bytes beside the tokens of vocab.json.
#include <string>

#include "core/text/bpe/byte_map.h"
#include "tests/fuzz/encodings.h"

namespace {

// All bytes as members of a JSON object, in front of `json`, which is one.
std::string with_bytes(std::string_view json) {
  std::string object = "{";
  for (uint32_t byte = 0; byte < 256; ++byte) {
    std::string character;
    latformer::utf8::append(latformer::byte_map::character(static_cast<uint8_t>(byte)), character);
    if (character == "\"" || character == "\\") character.insert(0, 1, '\\');
    object += (byte > 0 ? ",\"" : "\"") + character + "\":" + std::to_string(byte);
  }
  if (!json.empty()) object += ',';
  return object + std::string(json.substr(json.empty() ? 0 : 1));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace latformer;
  std::string_view rest = fuzz::text_of(data, size);
  const bool has_bytes = fuzz::next_part(rest) == "+";
  const std::string_view given = fuzz::next_part(rest);
  const std::string vocab = has_bytes ? with_bytes(given) : std::string(given);
  const std::string_view merges = fuzz::next_part(rest);
  const Result<Tokenizer> tokenizer = Tokenizer::from_merges(vocab, merges, fuzz::next_part(rest));
  fuzz::require_sound(tokenizer.status());
  if (!tokenizer.ok()) return 0;
  const std::string_view text = fuzz::next_part(rest);
  fuzz::check(*tokenizer, text, rest);
  return 0;
}
