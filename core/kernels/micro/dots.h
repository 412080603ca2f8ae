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

// The sum of one vector of weights: exact, and small enough for 16 bits where products of 8 bits are added up in those.
struct NibbleSums {
  Ints sums;

  [[gnu::always_inline]] void add(const uint8_t* w, const Int8Dot::Activation* x, const int32_t* offsets) {
    Int8Dot::Group weights[2];
    Int8Dot::nibbles(w, weights);
    const auto even = Int8Dot::activations_of_lanes(x);
    const auto odd = Int8Dot::activations_of_lanes(x + kDotBytes);
#if defined(LATFORMER_INT8_PAIR_DOT)
    sums = Int8PairDot::add_nibbles(sums, even, odd, weights);
#else
    sums = Int8Dot::add(Int8Dot::add(sums, even, weights[0]), odd, weights[1]);
#endif
    sums += load_vector<Ints>(offsets);
  }
};

// A row whose groups are whole vectors: one scale for each.
inline float dot_of_whole_groups(const Int4Dots& dots, const uint8_t* w, const float* scales) {
  constexpr size_t kEach = 2 * kDotBytes;
  const auto* x = static_cast<const Int8Dot::Activation*>(dots.x);
  const int32_t* offsets = dots.offsets;
  Floats sums{};
  for (const float* end = scales + dots.columns / dots.group; scales < end; ++scales) {
    NibbleSums exact{};
    for (size_t left = dots.group; left > 0; left -= kEach) {
      exact.add(w, x, offsets);
      w += kDotBytes;
      x += kEach;
      offsets += kWidth;
    }
    sums = multiply_add(__builtin_convertvector(exact.sums, Floats), spread(*scales), sums);
  }
  return sum_of_lanes(sums);
}

// Any other: each lane has a scale, and the last vector may be a part of one.
inline float dot_of_lanes(const Int4Dots& dots, const uint8_t* w, const float* scales) {
  constexpr size_t kEach = 2 * kDotBytes;
  const size_t groups = dots.columns / dots.group;
  const auto* x = static_cast<const Int8Dot::Activation*>(dots.x);
  const int32_t* offsets = dots.offsets;
  uint8_t last[kDotBytes] = {};
  Floats sums{};
  for (size_t k = 0; k < dots.columns; k += kEach, x += kEach, offsets += kWidth, w += kDotBytes) {
    if (k + kEach > dots.columns) {
      for (size_t i = 0; i < (dots.columns - k) / 2; ++i) last[i] = w[i];
      w = last;
    }
    NibbleSums exact{};
    exact.add(w, x, offsets);
    Floats scale;
    for (size_t lane = 0; lane < kWidth; ++lane) {
      const size_t at = (k + lane * 2 * Int8Dot::kGroup) / dots.group;
      scale[lane] = scales[at < groups ? at : groups - 1];
    }
    sums = multiply_add(__builtin_convertvector(exact.sums, Floats), scale, sums);
  }
  return sum_of_lanes(sums);
}

inline void int4_dots(const Int4Dots& dots) {
  const bool whole = dots.group % (2 * kDotBytes) == 0;
  const size_t groups = dots.columns / dots.group;
  for (size_t row = 0; row < dots.rows; ++row) {
    const uint8_t* w = dots.matrix + row * dots.row_bytes;
    const float* scales = dots.scales + row * groups;
    const float sum = whole ? dot_of_whole_groups(dots, w, scales) : dot_of_lanes(dots, w, scales);
    dots.y[row] = sum * dots.scale;
  }
}

}  // namespace
}  // namespace latformer::kernels
