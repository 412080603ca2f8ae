// quantization_config of config.json: how integer weights are stored, in the convention of compressed-tensors. What it
// means for the tensors stands in weights.h.
#pragma once

#include "core/base/status.h"
#include "core/format/json.h"

namespace latformer {

// Whether quantization_config is there; if so, it is the convention of weights.h. Errors: bad_model,
// unsupported_model (quantised in any other way: only symmetric, static integers of weights can be read).
Result<bool> parse_quantization(const JsonValue& config);

}  // namespace latformer
