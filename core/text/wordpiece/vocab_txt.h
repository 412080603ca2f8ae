// vocab.txt, one token a line, and the small files beside it, put together as transformers does.
#pragma once

#include "core/base/status.h"
#include "core/text/settings.h"
#include "core/text/tokenizer_files.h"

namespace latformer {

// Errors: bad_model (not UTF-8, a token is missing), unsupported_model (a tokenizer that is not like BERT's).
Result<TokenizerSettings> parse_vocab_txt(const TokenizerFiles& files);

}  // namespace latformer
