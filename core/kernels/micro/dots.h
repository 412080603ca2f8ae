// Rows of a matrix as the file has it times one row of x, for the instruction set that a file including this one is
// compiled for. Lanes hold neighbouring k, and are added up at the end of a row.
#pragma once

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

}  // namespace
}  // namespace latformer::kernels
