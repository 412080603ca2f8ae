// The parts of tokenizer.json that make a byte-level BPE tokenizer: model, pre-tokenizers, decoder.
#pragma once

#include <memory>

#include "core/base/status.h"
#include "core/format/json.h"
#include "core/text/text_model.h"
#include "core/text/tokenizer_files.h"

namespace latformer {

// Errors: bad_model (a field missing or of the wrong type, a merge of what is no token), unsupported_model (a
// normalizer, pre-tokenizer, decoder or setting that is not implemented, named).
Result<std::unique_ptr<TextModel>> parse_bpe(const JsonValue& root, const TokenizerFiles& files);

}  // namespace latformer
