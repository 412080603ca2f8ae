// Rows of a matrix as the file has it times one row of x, for the instruction set that a file including this one is
// compiled for. Lanes hold neighbouring k, and are added up at the end of a row.
#pragma once

#include <type_traits>

#include "core/kernels/micro/table.h"
#include "core/kernels/micro/vector.h"

namespace latformer::kernels {
namespace {

template <class Vector>
[[gnu::always_inline]] inline auto sum_of_lanes(Vector v) {
  auto sum = v[0];
  for (size_t lane = 1; lane < kWidth; ++lane) sum += v[lane];
  return sum;
}

// Four sums of a row, which else would wait for each other.
inline void f32_dots(const F32Dots& dots) {
  constexpr size_t kSums = 4;
  const float* w = dots.matrix;
  for (size_t row = 0; row < dots.rows; ++row) {
    const float* x = dots.x;
    Floats sums[kSums] = {};
    size_t left = dots.columns;
    for (; left >= kSums * kWidth; left -= kSums * kWidth, w += kSums * kWidth, x += kSums * kWidth) {
#pragma GCC unroll 4
      for (size_t i = 0; i < kSums; ++i) {
        sums[i] = multiply_add(load_vector<Floats>(w + i * kWidth), load_vector<Floats>(x + i * kWidth), sums[i]);
      }
    }
    float sum = sum_of_lanes((sums[0] + sums[1]) + (sums[2] + sums[3]));
    for (; left > 0; --left) sum += *w++ * *x++;
    dots.y[row] = sum;
  }
}

// Rows go one at a time: what comes from memory is one stream then.
inline void int8_dots(const Int8Dots& dots) {
  constexpr size_t kEach = kWidth * Int8Dot::kGroup;
  const int8_t* w = dots.matrix;
  for (size_t row = 0; row < dots.rows; ++row) {
    const auto* x = static_cast<const Int8Dot::Activation*>(dots.x);
    Ints sums{};
    size_t left = dots.columns;
    for (; left >= kEach; left -= kEach, w += kEach, x += kEach) {
      sums = Int8Dot::add(sums, Int8Dot::weights(w), Int8Dot::activations_of_lanes(x));
    }
    int32_t sum = sum_of_lanes(sums);
    for (; left > 0; --left) sum += *w++ * *x++;
    const float scaled = static_cast<float>(sum - dots.scale.zero * dots.sums[row]) * dots.scale.scale;
    dots.y[row] = scaled * dots.scales[row];
  }
}

// Bytes of 4-bit weights as vectors have them: the low bits are the weights of even columns, the high ones those of odd
// columns. A lane meets 2 kGroup neighbouring columns, which have one scale.
inline constexpr size_t kDotBytes = kWidth * Int8Dot::kGroup;  // of one vector

// For each vector q of the even columns, then q of the odd ones.
inline void arrange_int4(size_t columns, const void* q, void* arranged, int32_t* offsets) {
  const auto* from = static_cast<const Int8Dot::Activation*>(q);
  auto* to = static_cast<Int8Dot::Activation*>(arranged);
  constexpr size_t kOfLane = 2 * Int8Dot::kGroup;
  for (size_t first = 0; first < columns; first += 2 * kDotBytes, to += 2 * kDotBytes) {
    for (size_t i = 0; i < 2 * kDotBytes; ++i) {
      const size_t k = first + i;
      to[i / 2 + i % 2 * kDotBytes] = k < columns ? from[k] : Int8Dot::Activation{0};
    }
    for (size_t lane = 0; lane < kWidth; ++lane) {
      int32_t sum = 0;
      for (size_t k = first + lane * kOfLane; k < first + (lane + 1) * kOfLane && k < columns; ++k) {
        using Signed = std::conditional_t<sizeof(Int8Dot::Activation) == 1, int8_t, int16_t>;
        sum += static_cast<Signed>(from[k]);
      }
      *offsets++ = -8 * sum;
    }
  }
}

inline void int4_dots(const Int4Dots& dots) {
  constexpr size_t kEach = 2 * kDotBytes;  // columns of a vector
  const bool one_scale = dots.group % kEach == 0;
  const size_t groups = dots.columns / dots.group;
  const uint8_t* row_bytes = dots.matrix;
  const float* scales = dots.scales;
  for (size_t row = 0; row < dots.rows; ++row, row_bytes += dots.row_bytes, scales += groups) {
    const auto* x = static_cast<const Int8Dot::Activation*>(dots.x);
    const int32_t* offsets = dots.offsets;
    const uint8_t* w = row_bytes;
    uint8_t last[kDotBytes] = {};
    Floats sums{};
    size_t in_group = 0;
    size_t group = 0;
    for (size_t k = 0; k < dots.columns; k += kEach, x += kEach, offsets += kWidth, w += kDotBytes) {
      if (k + kEach > dots.columns) {
        for (size_t i = 0; i < (dots.columns - k) / 2; ++i) last[i] = w[i];
        w = last;
      }
      Int8Dot::Group weights[2];
      Int8Dot::nibbles(w, weights);
      Ints exact = load_vector<Ints>(offsets);
      exact = Int8Dot::add(exact, Int8Dot::activations_of_lanes(x), weights[0]);
      exact = Int8Dot::add(exact, Int8Dot::activations_of_lanes(x + kDotBytes), weights[1]);
      Floats scale;
      if (one_scale) {
        scale = spread(scales[group]);
        in_group += kEach;
        if (in_group == dots.group) in_group = 0, ++group;
      } else {
        for (size_t lane = 0; lane < kWidth; ++lane) {
          const size_t at = (k + lane * 2 * Int8Dot::kGroup) / dots.group;
          scale[lane] = scales[at < groups ? at : groups - 1];
        }
      }
      sums = multiply_add(__builtin_convertvector(exact, Floats), scale, sums);
    }
    dots.y[row] = sum_of_lanes(sums) * dots.scale;
  }
}

}  // namespace
}  // namespace latformer::kernels
