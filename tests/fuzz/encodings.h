// What every encoding of every text must keep to, whatever the tokenizer.
#pragma once

#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/text/tokenizer.h"
#include "core/text/utf8.h"
#include "tests/fuzz/fuzz.h"

namespace latformer::fuzz {

inline void check(const Tokenizer& tokenizer, const Encoding& encoding, std::string_view text, std::string_view pair) {
  const size_t size = encoding.ids.size();
  FUZZ_REQUIRE(encoding.spans.size() == size && encoding.type_ids.size() == size);
  FUZZ_REQUIRE(encoding.sequence_ids.size() == size && encoding.is_special.size() == size);
  FUZZ_REQUIRE(encoding.continues.size() == size);
  for (size_t i = 0; i < size; ++i) {
    FUZZ_REQUIRE(encoding.ids[i] >= 0 && static_cast<size_t>(encoding.ids[i]) < tokenizer.vocabulary_size());
    const TextSpan span = encoding.spans[i];
    FUZZ_REQUIRE(span.begin <= span.end && span.end <= (encoding.sequence_ids[i] == 0 ? text : pair).size());
  }
}

inline bool is_utf8(std::string_view text) {
  for (size_t position = 0; position < text.size();) {
    const utf8::CodePoint c = utf8::decode(text, position);
    if (c.is_ill_formed) return false;
    position += c.size;
  }
  return true;
}

// Any ids as text: whole, and the same one by one.
inline void check_decoding(const Tokenizer& tokenizer, std::span<const int32_t> ids) {
  for (const bool skip_special : {false, true}) {
    const std::string text = tokenizer.decode(ids, skip_special);
    FUZZ_REQUIRE(is_utf8(text));
    Decoder decoder(tokenizer, skip_special);
    std::string pieces;
    for (const int32_t id : ids) {
      const std::string piece = decoder.append(id);
      FUZZ_REQUIRE(is_utf8(piece));
      pieces += piece;
    }
    FUZZ_REQUIRE(pieces + decoder.finish() == text);
  }
}

// Ids out of any bytes: some that are tokens, some that are none.
inline void check_decoding(const Tokenizer& tokenizer, std::string_view bytes) {
  std::vector<int32_t> ids;
  const size_t most = std::min<size_t>(bytes.size(), 400);
  for (size_t i = 0; i < most; ++i) {
    const size_t id = static_cast<uint8_t>(bytes[i]) * size_t{31} + i;
    ids.push_back(static_cast<int32_t>(id % (tokenizer.vocabulary_size() + 2)));
  }
  for (size_t i = 0; i + 4 <= most; i += 4) {
    int32_t id = 0;
    std::memcpy(&id, bytes.data() + i, 4);
    ids.push_back(id);
  }
  check_decoding(tokenizer, ids);
}

inline void check(const Tokenizer& tokenizer, std::string_view text, std::string_view pair) {
  for (const size_t max_tokens : {size_t{3}, size_t{8}, SIZE_MAX}) {
    const Result<Encoding> single = tokenizer.encode(text, std::nullopt, max_tokens);
    if (single.ok()) {
      FUZZ_REQUIRE(single->ids.size() <= max_tokens);
      check(tokenizer, *single, text, "");
      check_decoding(tokenizer, single->ids);
      const std::vector<TextSpan> units = to_utf16(text, single->spans);
      for (size_t i = 0; i < units.size(); ++i) FUZZ_REQUIRE(units[i].end <= single->spans[i].end);
    }
    const Result<Encoding> both = tokenizer.encode(text, pair, max_tokens);
    if (both.ok()) {
      FUZZ_REQUIRE(both->ids.size() <= max_tokens);
      check(tokenizer, *both, text, pair);
    }
    const auto windows = tokenizer.encode_windows(text, max_tokens, 1);
    if (!windows.ok()) continue;
    for (const Encoding& window : *windows) check(tokenizer, window, text, "");
  }
  check_decoding(tokenizer, text);
}

}  // namespace latformer::fuzz
