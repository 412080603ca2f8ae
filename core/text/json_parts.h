// What the readers of tokenizer.json share.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/status.h"
#include "core/format/json.h"
#include "core/format/quote.h"
#include "core/text/vocabulary.h"

namespace latformer {

inline constexpr std::string_view kTokenizerFile = "tokenizer.json";
inline constexpr int64_t kMaxTokenId = INT32_MAX;

// The longest token that is searched for at every place of a text; far above what vocabularies have.
inline constexpr size_t kMaxTokenBytes = 1000;

inline Status unsupported_type(const JsonValue& part, std::string_view type, std::string_view expected) {
  return part["type"].unsupported("is " + quote(type) + ", but only " + std::string(expected) + " is supported");
}

// A Sequence of one part is that part.
inline JsonValue unwrap(JsonValue part, std::string_view members) {
  while (true) {
    const Result<std::string_view> type = part["type"].string();
    if (!type.ok() || *type != "Sequence") return part;
    const Result<JsonArray> parts = part[members].array();
    if (!parts.ok() || parts->size() != 1) return part;
    part = *parts->begin();
  }
}

// {"token": id, ...}, of tokenizer.json or vocab.json. Errors: bad_model.
Result<Vocabulary> parse_vocabulary(std::string_view file, const JsonValue& vocab);

}  // namespace latformer
