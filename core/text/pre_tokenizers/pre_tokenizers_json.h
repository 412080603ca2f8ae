// "pre_tokenizer" of tokenizer.json.
#pragma once

#include "core/base/status.h"
#include "core/format/json.h"
#include "core/text/pre_tokenizers/pre_tokenizer.h"

namespace latformer {

struct PreTokenizers {
  PreTokenizer steps;
  bool ends_in_bytes = false;  // the last is ByteLevel: what it hands on is no longer the text
};

// Errors: bad_model (a field missing or of the wrong type), unsupported_model (one that is not implemented, named;
// something behind ByteLevel).
Result<PreTokenizers> parse_pre_tokenizers(const JsonValue& pre_tokenizer);

}  // namespace latformer
