// Fields of config.json that many models share, each read once for all of them.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/status.h"
#include "core/format/json.h"
#include "core/kernels/activation.h"

namespace latformer {

using HiddenActivation = kernels::Activation::Kind;

// Far above any model there is, low enough that no product of two of them leaves 64 bits.
inline constexpr int64_t kLargestSize = 1 << 24;
inline constexpr int64_t kMostLayers = 1 << 10;

// The integer `key`, from 1 to `most`. Errors: bad_model.
Status parse_size(const JsonValue& config, std::string_view key, int64_t most, uint32_t& size);

// The same of a field that transformers knows by two names (its attribute_map). Errors: bad_model (also where both are
// there and differ).
Status parse_size(const JsonValue& config, std::string_view key, std::string_view other_key, int64_t most,
                  uint32_t& size);

// An activation by its name in transformers, `otherwise` where none is given. Errors: bad_model, unsupported_model.
Result<HiddenActivation> parse_activation(const JsonValue& name, std::string_view otherwise);

// The number that a norm adds to the variance. Errors: bad_model.
Result<float> parse_norm_epsilon(const JsonValue& value, double otherwise);

// Errors: unsupported_model (pruned heads, settings of single layers, or Python code of the model's own, would make it
// compute something else).
Status check_is_plain(const JsonValue& config);

}  // namespace latformer
