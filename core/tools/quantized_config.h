// config.json of a model -> that of its int8 or 4-bit form: the compressed-tensors `quantization_config` is put in, and
// the stored float type becomes float32. All else stays as it is.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "core/base/status.h"

namespace latformer {

// `json` is the text of a config.json that parse_bert_config has read. group: columns for each scale of 4-bit numbers;
// 0 for int8. float_modules: those whose weights are no integers. Errors: bad_model, out_of_memory.
Result<std::string> quantized_config(std::string_view json, std::span<const std::string> float_modules,
                                     size_t group = 0);

}  // namespace latformer
