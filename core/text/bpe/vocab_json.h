// vocab.json, merges.txt and the small files beside them of a GPT-2 or RoBERTa, put together as transformers does.
#pragma once

#include "core/base/status.h"
#include "core/text/settings.h"
#include "core/text/tokenizer_files.h"

namespace latformer {

// Errors: bad_model (not JSON, a line that is no merge, a merge of what is no token), unsupported_model (a tokenizer
// that is neither GPT2Tokenizer nor RobertaTokenizer).
Result<TokenizerSettings> parse_vocab_json(const TokenizerFiles& files);

}  // namespace latformer
