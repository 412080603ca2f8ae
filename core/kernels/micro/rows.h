// What is done to whole rows, value by value, for the instruction set that a file including this one is compiled for.
#pragma once

#include <type_traits>

#include "core/kernels/micro/function_constants.h"
#include "core/kernels/micro/quantize.h"
#include "core/kernels/micro/table.h"
#include "core/kernels/micro/vector.h"

namespace latformer::kernels {
namespace {

inline RowScale quantize_row(size_t in, size_t in_padded, const float* x, void* result) {
  auto* q = static_cast<Int8Dot::Activation*>(result);
  Floats lows{};
  Floats highs{};
  size_t k = 0;
  for (; k + kWidth <= in; k += kWidth) {
    const auto v = load_vector<Floats>(x + k);
    lows = v < lows ? v : lows;
    highs = v > highs ? v : highs;
  }
  float low = 0;
  float high = 0;
  for (size_t lane = 0; lane < kWidth; ++lane) {
    low = lows[lane] < low ? lows[lane] : low;
    high = highs[lane] > high ? highs[lane] : high;
  }
  for (; k < in; ++k) {
    low = x[k] < low ? x[k] : low;
    high = x[k] > high ? x[k] : high;
  }
  const RowScale row = row_scale_of(low, high);
  const float inverse = 1.0F / row.scale;
  const float offset = static_cast<float>(row.zero) + kRound;

  const Floats round = constant(kFunctionConstants.round);
  for (k = 0; k + kLevelVectors * kWidth <= in; k += kLevelVectors * kWidth) {
    Ints values[kLevelVectors];
    for (size_t v = 0; v < kLevelVectors; ++v) {
      const Floats scaled = load_vector<Floats>(x + k + v * kWidth) * spread(inverse);
      const Floats rounded = scaled + spread(offset);
      values[v] = (Ints)rounded - (Ints)round;
    }
    store_levels(values, q + k);
  }
  for (; k < in; ++k) q[k] = static_cast<Int8Dot::Activation>(round_to_level(x[k] * inverse, offset));
  for (; k < in_padded; ++k) q[k] = 0;
  return row;
}

inline float quantize_signed(size_t in, const float* x, void* result) {
  using Signed = std::conditional_t<sizeof(Int8Dot::Activation) == 1, int8_t, int16_t>;
  using Narrow = Signed __attribute__((vector_size(kWidth * sizeof(Signed))));
  auto* q = static_cast<Signed*>(result);
  Floats most{};
  size_t k = 0;
  for (; k + kWidth <= in; k += kWidth) {
    const auto v = load_vector<Floats>(x + k);
    const Floats size = v < 0 ? -v : v;
    most = size > most ? size : most;
  }
  float largest = 0;
  for (size_t lane = 0; lane < kWidth; ++lane) largest = most[lane] > largest ? most[lane] : largest;
  for (; k < in; ++k) {
    const float size = x[k] < 0 ? -x[k] : x[k];
    largest = size > largest ? size : largest;
  }
  const float scale = scale_of_width(largest);
  const float inverse = 1.0F / scale;
  const Floats round = constant(kFunctionConstants.round);
  for (k = 0; k + kWidth <= in; k += kWidth) {
    const Floats scaled = load_vector<Floats>(x + k) * spread(inverse);
    const Floats rounded = scaled + round;
    Ints values = (Ints)rounded - (Ints)round;
    values = values < -kInt8Levels ? spread(-kInt8Levels) : values;
    values = values > kInt8Levels ? spread(kInt8Levels) : values;
    store_vector(__builtin_convertvector(values, Narrow), q + k);
  }
  for (; k < in; ++k) q[k] = static_cast<Signed>(round_with_sign(x[k] * inverse));
  return scale;
}

// e^x for x <= 0, to within 2.5 units in the last place; below -80 what is next to nothing, but no subnormal number,
// which some processors are slow with, once it is divided by a sum.
//   x = n ln 2 + r,  |r| <= ln 2 / 2,   e^x = 2^n e^r
[[gnu::always_inline]] inline Floats exp_of_negative(Floats x) {
  const auto& k = kFunctionConstants.exp;
  const Floats round = constant(kFunctionConstants.round);
  const Floats least = constant(k.least);
  x = x > least ? x : least;  // also what is no number
  const Floats shifted = multiply_add(x, constant(k.log2_e), round);
  const Floats n = shifted - round;
  Floats r = multiply_add(n, constant(k.minus_ln2[0]), x);
  r = multiply_add(n, constant(k.minus_ln2[1]), r);
  Floats p = constant(k.factors[5]);
  for (int i = 4; i >= 0; --i) p = multiply_add(p, r, constant(k.factors[i]));
  // n is in the low bits of what was rounded; those above it leave by the shift.
  return (Floats)((Ints)p + ((Ints)shifted << 23));
}

// x / 2 (1 + erf(x / sqrt 2)),  erf(x / sqrt 2) = x P(x^2) / Q(x^2), exactly 1 from k.most on; the largest error is
// 1.5e-6.
[[gnu::always_inline]] inline Floats gelu(Floats x) {
  const auto& k = kFunctionConstants.erf;
  const Floats most = constant(k.most);
  Floats v = x < most ? x : most;
  v = v > -most ? v : -most;
  const Floats square = v * v;
  Floats p = constant(k.p[4]);
  for (int i = 3; i >= 0; --i) p = multiply_add(p, square, constant(k.p[i]));
  Floats q = constant(k.q[5]);
  for (int i = 4; i >= 0; --i) q = multiply_add(q, square, constant(k.q[i]));
  const Floats half = x * constant(k.half);
  return multiply_add(half, p * v / q, half);
}

// x / (1 + e^-x), by e^-|x|, which does not overflow: |x| / (1 + e^-|x|) where x > 0, else that times e^-|x|.
[[gnu::always_inline]] inline Floats silu(Floats x) {
  const Floats size = x < 0 ? -x : x;
  const Floats power = exp_of_negative(-size);
  const Floats one = constant(kFunctionConstants.exp.factors[0]);
  return x / (one + power) * (x < 0 ? power : one);
}

inline void silu_multiply_row(size_t n, const float* x, const float* factor, float* y) {
  for (; n >= kWidth; n -= kWidth, x += kWidth, factor += kWidth, y += kWidth) {
    store_vector(silu(load_vector<Floats>(x)) * load_vector<Floats>(factor), y);
  }
  float last[kWidth] = {};
  for (size_t i = 0; i < n; ++i) last[i] = x[i];
  if (n > 0) store_vector(silu(load_vector<Floats>(last)), last);
  for (size_t i = 0; i < n; ++i) y[i] = last[i] * factor[i];
}

inline void gelu_row(size_t n, const float* x, float* y) {
  for (; n >= kWidth; n -= kWidth, x += kWidth, y += kWidth) store_vector(gelu(load_vector<Floats>(x)), y);
  if (n == 0) return;
  float last[kWidth] = {};
  for (size_t i = 0; i < n; ++i) last[i] = x[i];
  store_vector(gelu(load_vector<Floats>(last)), last);
  for (size_t i = 0; i < n; ++i) y[i] = last[i];
}

inline void add_rows(size_t rows, size_t n, const float* x, float* sums) {
  for (size_t j = 0; j < n; j += kWidth) {
    Floats sum{};  // apart from what is there already: long columns must not wear out
    for (size_t row = 0; row < rows; ++row) sum += load_vector<Floats>(x + row * n + j);
    store_vector(load_vector<Floats>(sums + j) + sum, sums + j);
  }
}

}  // namespace
}  // namespace latformer::kernels
