// How one row of activations becomes int8, shared by all micro-kernels so that they cannot drift apart:
//
//   low  = min(x, 0),  high = max(x, 0)              zero itself is always exact
//   scale = (high - low) / 127,  zero = round(-low / scale)
//   q = clamp(round(x * (1 / scale) + zero), 0, 127)        in f32, ties to even
//
// and with a sign, for weights of 4 bits:
//
//   scale = max |x| / 127,  q = clamp(round(x * (1 / scale)), -127, 127)
#pragma once

#include <cstdint>

#include "core/kernels/micro/table.h"

namespace latformer::kernels {
namespace {

// Added to a float of moderate size, it leaves the nearest integer, ties to even, in the low bits.
inline constexpr float kRound = 12582912.0F;  // 1.5 * 2^23
inline constexpr int32_t kRoundBits = 0x4B400000;

inline int32_t clamp_to_levels(int32_t value) {
  if (value < 0) return 0;
  return value > kInt8Levels ? kInt8Levels : value;
}

// round(scaled + zero) for offset = zero + kRound; nonsense, but within the levels, for what no float of that size is.
inline int32_t round_to_level(float scaled, float offset) {
  const float rounded = scaled + offset;
  uint32_t bits;  // unsigned, because what is no number may wrap around
  __builtin_memcpy(&bits, &rounded, sizeof(bits));
  return clamp_to_levels(static_cast<int32_t>(bits - static_cast<uint32_t>(kRoundBits)));
}

// The scale of rows that are so wide.
inline float scale_of_width(float width) {
  constexpr float kSmallest = 1e-30F;  // below it 1 / scale would overflow; such a row is zero for all purposes
  constexpr float kLargest = 3e+38F;
  const float scale = width / static_cast<float>(kInt8Levels);
  if (!(scale > kSmallest)) return 1;
  return scale < kLargest ? scale : kLargest;
}

inline int32_t round_with_sign(float scaled) {
  const float rounded = scaled + kRound;
  uint32_t bits;
  __builtin_memcpy(&bits, &rounded, sizeof(bits));
  const auto value = static_cast<int32_t>(bits - static_cast<uint32_t>(kRoundBits));
  if (value < -kInt8Levels) return -kInt8Levels;
  return value > kInt8Levels ? kInt8Levels : value;
}

inline RowScale row_scale_of(float low, float high) {
  const float scale = scale_of_width(high - low);
  const float inverse = 1.0F / scale;
  return {scale, round_to_level(-low * inverse, kRound)};
}

}  // namespace
}  // namespace latformer::kernels
