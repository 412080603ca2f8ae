// What latformer-quantize has to know of a model: its tensors, by the names that it looks them up by, and which of them
// become integers. One function for each family of models.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"

namespace latformer {

struct Quantizable {
  std::vector<std::string_view> parts;                     // of the model, for people
  std::function<std::string(std::string_view)> looked_up;  // the name that the file's tensor is looked up by,
  std::function<std::string(std::string_view)> stored;     // and the one that a file of transformers has for that
  std::function<size_t(std::string_view)> part_of;         // of a name; parts.size(): the model has no use for it
  std::function<bool(std::string_view)> is_transposed;     // floats stand as (in, out)
  std::vector<std::string> float_weights;  // that stay so, as transformers names them: small, or all depends on them
  std::vector<uint32_t> columns;           // of the matrices
  bool is_quantized = false;               // already
  // Every tensor is there, as the header of a file says. Errors: bad_model, unsupported_model.
  std::function<Status(std::span<const std::byte> header)> check;
};

// Errors: those of the model's parse_..._config.
Result<Quantizable> quantizable_of(std::string_view config_json);

}  // namespace latformer
