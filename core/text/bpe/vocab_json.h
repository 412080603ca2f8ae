// vocab.json, merges.txt and tokenizer_config.json (may be empty) of a GPT-2, put together as transformers does.
#pragma once

#include <string_view>

#include "core/base/status.h"
#include "core/text/settings.h"

namespace latformer {

// Errors: bad_model (not JSON, a line that is no merge, a merge of what is no token), unsupported_model (a tokenizer
// that is not GPT2Tokenizer).
Result<TokenizerSettings> parse_vocab_json(std::string_view vocab_json, std::string_view merges_txt,
                                           std::string_view tokenizer_config_json);

}  // namespace latformer
