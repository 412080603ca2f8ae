// tokenizer.json of Hugging Face's `tokenizers` -> TokenizerSettings: what all families have in common.
#pragma once

#include <string_view>

#include "core/base/status.h"
#include "core/text/settings.h"

namespace latformer {

// tokenizer_config_json may be empty. Settings for truncation and padding are left aside. Errors: bad_model (not JSON,
// a field missing or of the wrong type, no unknown token), unsupported_model (a normalizer, pre-tokenizer, model or
// post-processor that is not implemented).
Result<TokenizerSettings> parse_tokenizer_json(std::string_view json, std::string_view tokenizer_config_json);

}  // namespace latformer
