// What tokenizer_config.json says of tokens that are added to a vocabulary; the families read the rest of it
// themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/format/json.h"
#include "core/text/added_tokens.h"
#include "core/text/tokenizer_files.h"

namespace latformer {

inline constexpr std::string_view kTokenizerConfigFile = "tokenizer_config.json";

inline constexpr std::string_view kSpecialTokensMapFile = "special_tokens_map.json";
inline constexpr std::string_view kAddedTokensFile = "added_tokens.json";

// special_tokens_map.json and added_tokens.json, of folders that older versions of transformers have written. Either
// may not exist. They count only where tokenizer_config.json has no added_tokens_decoder, and then before its own
// names.
struct LegacyTokens {
  JsonValue special_tokens_map;
  JsonValue added_tokens;
};

// How a tokenizer is to be used, whatever its family.
struct Reading {
  bool cuts_left = false;        // of a text that is too long the end stays (truncation_side)
  size_t max_tokens = SIZE_MAX;  // model_max_length
  bool gives_type_ids = true;    // else a model is told that all is one text (model_input_names)
  bool splits_special = false;   // special tokens in a text are words like others (split_special_tokens)
};
Result<Reading> parse_reading(const JsonValue& config, Reading otherwise);

// The files of TokenizerFiles that are JSON and small, "{}" where absent.
struct ConfigDocuments {
  JsonDocument config, special_tokens_map, added_tokens;
  LegacyTokens legacy() const { return {special_tokens_map.root(), added_tokens.root()}; }
};
Result<ConfigDocuments> parse_config_documents(const TokenizerFiles& files);

// An object of AddedToken's fields; of a type that no field has: bad_model.
Result<AddedToken> parse_added_token(const JsonValue& value);

// "tokenizer_class" of tokenizer_config.json, where it is not there `otherwise`; without "Fast" at its end. Errors:
// bad_model (it is no string).
Result<std::string_view> tokenizer_class(const JsonValue& config, std::string_view otherwise);

// A special token and its text where no file names one; empty: there is none.
struct SpecialToken {
  std::string_view key;  // e.g. "unk_token"
  std::string_view by_default;
};

struct ConfiguredTokens {
  std::vector<AddedToken> listed;                           // of added_tokens_decoder, by id
  std::vector<AddedToken> tokens;                           // all that are added, the listed first, no content twice
  bool lists_decoder = false;                               // added_tokens_decoder is there
  std::map<std::string, std::string, std::less<>> special;  // key -> content

  bool lists(std::string_view content) const;
};

// Special tokens are added in the order of `special`, as transformers has it. Errors: bad_model (a field of the wrong
// type, a token without its id).
Result<ConfiguredTokens> parse_configured_tokens(const JsonValue& config, const LegacyTokens& legacy,
                                                 std::span<const SpecialToken> special);

}  // namespace latformer
