// tokenizer.json of Hugging Face's `tokenizers` -> TokenizerSettings: what all families have in common.
#pragma once

#include "core/base/status.h"
#include "core/text/settings.h"
#include "core/text/tokenizer_files.h"

namespace latformer {

// files.tokenizer_json is there. Of its settings for truncation only the direction counts, of those for padding none:
// transformers decides on both when it is called. Tokens that the other files add or name are added. Errors: bad_model
// (not JSON, a field missing or of the wrong type, no unknown token), unsupported_model (a normalizer, pre-tokenizer,
// model or post-processor that is not implemented).
Result<TokenizerSettings> parse_tokenizer_json(const TokenizerFiles& files);

}  // namespace latformer
