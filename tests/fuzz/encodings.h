// What every encoding of every text must keep to, whatever the tokenizer.
#pragma once

#include <optional>
#include <vector>

#include "core/text/tokenizer.h"
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

inline void check(const Tokenizer& tokenizer, std::string_view text, std::string_view pair) {
  for (const size_t max_tokens : {size_t{3}, size_t{8}, SIZE_MAX}) {
    const Result<Encoding> single = tokenizer.encode(text, std::nullopt, max_tokens);
    if (single.ok()) {
      FUZZ_REQUIRE(single->ids.size() <= max_tokens);
      check(tokenizer, *single, text, "");
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
}

}  // namespace latformer::fuzz
