// What tokenizer_config.json says of tokens that are added to a vocabulary; the families read the rest of it
// themselves.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/format/json.h"
#include "core/text/added_tokens.h"

namespace latformer {

inline constexpr std::string_view kTokenizerConfigFile = "tokenizer_config.json";

// The file as an object; where it is absent (empty), one without a field. Errors: bad_model.
Result<JsonDocument> open_tokenizer_config(std::string_view json);

// An object of AddedToken's fields; of a type that no field has: bad_model.
Result<AddedToken> parse_added_token(const JsonValue& value);

// A special token and its text where the file names none; empty: there is none.
struct SpecialToken {
  std::string_view key;  // e.g. "unk_token"
  std::string_view by_default;
};

struct ConfiguredTokens {
  std::vector<AddedToken> listed;                           // of added_tokens_decoder, by id
  std::vector<AddedToken> tokens;                           // all that are added, the listed first, no content twice
  std::map<std::string, std::string, std::less<>> special;  // key -> content

  bool lists(std::string_view content) const;
};

// Special tokens are added in the order of `special`, as transformers has it.
Result<ConfiguredTokens> parse_configured_tokens(const JsonValue& config, std::span<const SpecialToken> special);

}  // namespace latformer
