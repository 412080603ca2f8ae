// Whether a model can be held at all: known from its sizes, before its weights are read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "core/base/status.h"

namespace latformer {

// What can be addressed here, in bytes: 4 GiB in WebAssembly.
inline constexpr uint64_t kAddressSpace = std::numeric_limits<size_t>::max();

// Errors: out_of_memory, naming both, if the weights of a model take more than `limit` bytes.
Status check_room(uint64_t weight_bytes, uint64_t limit = kAddressSpace);

}  // namespace latformer
