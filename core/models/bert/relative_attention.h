// Attention that looks at distances, as MPNet has it: a number for each head and bucket of distances, added to the
// logits.
//
//   bucket(i, j) = 16 (j > i) + b(|i - j|)       b: 0 to 7 as they are, then eight buckets that grow, the last from 91
//   on
//
// One table serves all layers. A row that is merged of several stands where the one with the largest share stood.
#pragma once

#include <cstdint>

#include "core/base/buffer.h"
#include "core/base/status.h"
#include "core/models/stored_matrix.h"

namespace latformer {

inline constexpr uint32_t kRelativeBuckets = 32;

// distance: the key's position less the query's.
uint32_t relative_bucket(int64_t distance);

// biases: (buckets, heads). table: (heads, 2 reach + 1), from a key `reach` before the query to one as far behind it.
// Errors: out_of_memory.
Status spread_relative_bias(const StoredMatrix& biases, uint32_t heads, uint32_t reach, Buffer<float>& table);

}  // namespace latformer
