// One row of a weight (an output channel, a word's embedding) as int8 with one scale:
//
//   scale = max |w_i| / 127,   q_i = round(w_i / scale) in -127 .. 127,   w_i ~ scale q_i
//
// Symmetric: zero stays zero. -128 is not used, so that -q is as good as q.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

namespace latformer::kernels {

// Finite unless a weight is not. A row of (next to) nothing but zeros has scale 1.
inline float scale_of_row(std::span<const float> row) {
  float largest = 0;
  for (const float w : row) {
    if (!std::isfinite(w)) return w;
    largest = std::max(largest, std::abs(w));
  }
  const float scale = largest / 127;
  return scale < std::numeric_limits<float>::min() ? 1 : scale;
}

inline void quantize_row(std::span<const float> row, float scale, int8_t* q) {
  for (size_t i = 0; i < row.size(); ++i) {
    q[i] = static_cast<int8_t>(std::clamp(std::nearbyint(row[i] / scale), -127.0F, 127.0F));
  }
}

}  // namespace latformer::kernels
