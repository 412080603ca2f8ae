// config.json of a model -> that of its int8 or 4-bit form: the compressed-tensors `quantization_config` is put in, and
// the stored float type becomes float32. All else stays as it is.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/status.h"

namespace latformer {

// The modules whose weights stay float, for they are small and bear on everything: the head, and the embedding of the
// first or second text, which is added to every word.
inline constexpr std::array<std::string_view, 2> kFloatModules = {"classifier",
                                                                  "bert.embeddings.token_type_embeddings"};

// `json` is the text of a config.json that parse_bert_config has read. group: columns for each scale of 4-bit numbers;
// 0 for int8. Errors: bad_model, out_of_memory.
Result<std::string> quantized_config(std::string_view json, size_t group = 0);

}  // namespace latformer
