// Weights as 4 bits with one scale for each group of columns:
//
//   q = clamp(round(w / scale), -8, 7);  scale = f max |w| / 7.5 of the group, f of 0.75 .. 1 with the least error
//
// and two of them in a byte, q + 8 of the first column in its low bits. Symmetric: zero stays zero.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace latformer::kernels {

inline int8_t int4_of(float w, float scale) {
  return static_cast<int8_t>(std::clamp(std::nearbyint(w / scale), -8.0F, 7.0F));
}

// The scale of a group of 4-bit numbers that loses least; 1 of (next to) nothing but zeros.
inline float scale_of_group(std::span<const float> group) {
  constexpr float kMost = 7.5F;  // -8 .. 7, the largest weight rounded to either
  constexpr int kTries = 11;
  float largest = 0;
  for (const float w : group) largest = std::max(largest, std::abs(w));
  if (largest / kMost < std::numeric_limits<float>::min()) return 1;
  float best = 0, least = std::numeric_limits<float>::infinity();
  for (int i = 0; i < kTries; ++i) {
    const float scale = largest / kMost * (1 - 0.25F * static_cast<float>(i) / (kTries - 1));
    float error = 0;
    for (const float w : group) {
      const float lost = w - scale * static_cast<float>(int4_of(w, scale));
      error += lost * lost;
    }
    if (error < least) {
      least = error;
      best = scale;
    }
  }
  return best;
}

// How many columns share a scale: a power of two, as large as fits `columns`, and small enough that one scale does. 1:
// they are odd, and cannot be two in a byte.
inline size_t int4_group_of(size_t columns) {
  size_t group = 64;
  while (columns % group != 0) group /= 2;
  return group;
}

}  // namespace latformer::kernels
