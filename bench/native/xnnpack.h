// XNNPACK's micro-kernels for what the core computes by its own: those that XNNPACK chooses on this processor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/buffer.h"
#include "core/base/status.h"

namespace latformer {

#if defined(__wasm_simd128__) || defined(__x86_64__)
inline constexpr bool kHasXnnpack = true;
#else
inline constexpr bool kHasXnnpack = false;  // and nothing below may be called
#endif

// y (rows, out) = x W^T + b in f32, rows dealt out to tiles as ours are.
class XnnpackF32 {
 public:
  static Result<XnnpackF32> create(size_t in, size_t out, std::span<const float> weight, std::span<const float> bias);
  void run(size_t rows, const float* x, float* y) const;

 private:
  size_t in_ = 0, out_ = 0;
  Buffer<float> packed_;  // blocks of: bias (columns), weights (in, columns)
};

// The same of int8 weights and rows that are int8 already, with one scale and zero point for all: what its operator
// does after rounding, tiles of as many rows as it has, the last one of fewer.
class XnnpackInt8 {
 public:
  static Result<XnnpackInt8> create(size_t in, size_t out, std::span<const int8_t> values,
                                    std::span<const float> scales, std::span<const float> bias);
  void run(size_t rows, const int8_t* x, float x_scale, int32_t x_zero, float* y) const;

 private:
  size_t in_ = 0, out_ = 0;
  Buffer<std::byte> packed_;  // blocks of: -sums (columns) int32, weights, scales (columns), bias (columns)
};

void xnnpack_gelu(size_t n, const float* x, float* y);

}  // namespace latformer
