// "normalizer" of tokenizer.json, for the tokenizers that are not BERT's.
#pragma once

#include "core/base/status.h"
#include "core/format/json.h"
#include "core/text/normalizers/normalizer_step.h"

namespace latformer {

// Errors: bad_model (a field missing or of the wrong type), unsupported_model (one that is not implemented, named).
Result<Normalizers> parse_normalizers(const JsonValue& normalizer);

}  // namespace latformer
