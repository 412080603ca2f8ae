// What is written alike in tokenizer.json and tokenizer_config.json, and which of the two counts.
//
// transformers takes the vocabulary and the templates of a BERT from tokenizer.json, but its normalizer from
// tokenizer_config.json: do_lower_case, strip_accents and tokenize_chinese_chars, by default as BertTokenizer has them.
#pragma once

#include <string_view>

#include "core/base/status.h"
#include "core/format/json.h"
#include "core/text/added_tokens.h"
#include "core/text/normalizer.h"

namespace latformer {

inline constexpr std::string_view kTokenizerConfigFile = "tokenizer_config.json";

// An object of AddedToken's fields; of a type that no field has: bad_model.
Result<AddedToken> parse_added_token(const JsonValue& value);

// Whether "tokenizer_class" of tokenizer_config.json, BertTokenizer if it is not there, treats text as BertTokenizer
// does. Errors: bad_model (it is no string).
Result<bool> is_like_bert(const JsonValue& config);

// The normalizer that tokenizer_config.json asks for. Errors: bad_model (a field of the wrong type).
Result<NormalizerSettings> parse_normalizer_settings(const JsonValue& config);

}  // namespace latformer
