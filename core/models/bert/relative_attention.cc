#include "core/models/bert/relative_attention.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <vector>

namespace latformer {

uint32_t relative_bucket(int64_t distance) {
  constexpr uint32_t kExact = 8;
  constexpr std::array<int64_t, 8> kBegins = {8, 12, 16, 23, 32, 46, 64, 91};  // of the buckets that grow
  const int64_t away = std::abs(distance);
  const uint32_t side = distance > 0 ? kRelativeBuckets / 2 : 0;
  if (away < kExact) return side + static_cast<uint32_t>(away);
  const auto behind = std::upper_bound(kBegins.begin(), kBegins.end(), away);
  return side + kExact + static_cast<uint32_t>(behind - kBegins.begin()) - 1;
}

Status spread_relative_bias(const StoredMatrix& biases, uint32_t heads, uint32_t reach, Buffer<float>& table) {
  const size_t width = 2 * size_t{reach} + 1;
  LATFORMER_TRY(table.reserve(volume({heads, width})));
  Buffer<float> row;  // (heads)
  LATFORMER_TRY(row.reserve(heads));
  for (size_t i = 0; i < width; ++i) {
    biases.widen_row(relative_bucket(static_cast<int64_t>(i) - reach), row.data());
    for (size_t head = 0; head < heads; ++head) table[head * width + i] = row[head];
  }
  return {};
}

}  // namespace latformer
