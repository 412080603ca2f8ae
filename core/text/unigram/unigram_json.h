// The parts of tokenizer.json that make a unigram tokenizer: model, normalizers, pre-tokenizers, decoder.
#pragma once

#include <memory>

#include "core/base/status.h"
#include "core/format/json.h"
#include "core/text/text_model.h"

namespace latformer {

// Errors: bad_model (a field missing or of the wrong type, no unknown token), unsupported_model (a part or a setting
// that is not implemented, named; a token twice, one of more than 1000 bytes).
Result<std::unique_ptr<TextModel>> parse_unigram(const JsonValue& root);

}  // namespace latformer
