// The parts of tokenizer.json that make a WordPiece tokenizer: model, normalizer, pre-tokenizer.
#pragma once

#include <memory>

#include "core/base/status.h"
#include "core/format/json.h"
#include "core/text/text_model.h"
#include "core/text/tokenizer_files.h"

namespace latformer {

// files.tokenizer_config_json (may be empty) decides the normalizer where it is of a class like BERT's.
// Errors: bad_model (a field missing or of the wrong type, no unknown token), unsupported_model (a normalizer or
// pre-tokenizer that BERT does not have).
Result<std::unique_ptr<TextModel>> parse_wordpiece(const JsonValue& root, const TokenizerFiles& files);

}  // namespace latformer
