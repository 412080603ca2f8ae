// vocab.txt, one token a line, and tokenizer_config.json (may be empty), put together as transformers does.
#pragma once

#include <string_view>

#include "core/base/status.h"
#include "core/text/settings.h"

namespace latformer {

// Errors: bad_model (not UTF-8, a token is missing), unsupported_model (a tokenizer that is not like BERT's).
Result<TokenizerSettings> parse_vocab_txt(std::string_view vocab_txt, std::string_view tokenizer_config_json);

}  // namespace latformer
