// What XNNPACK lacks: LayerNorm with residual, column means of attention, gather and head layout, widening of stored
// weights. Each function has a plain twin of the same name in kernels::scalar, which tests compare it with.
//
// d = hidden_size, H = heads, dh = d / H, n = rows. All buffers row-major and contiguous unless a stride is given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace latformer::kernels {

#define LATFORMER_ROW_KERNELS                                                                                          \
  /* y (n, d) = LayerNorm(x + residual) * gamma + beta, over each row, variance as Hugging Face (biased, eps inside    \
     the root). residual may be null; y may be x. */                                                                   \
  void layer_norm(size_t n, size_t d, const float* x, const float* residual, const float* gamma, const float* beta,    \
                  float eps, float* y);                                                                                \
  /* score (nk) = mean over H heads and nq queries of probabilities (H, nq, nk). */                                    \
  void column_mean(size_t heads, size_t nq, size_t nk, const float* probabilities, float* score);                      \
  /* y (n, d): row i is row rows[i] of x, whose rows lie `stride` values apart. */                                     \
  void gather_rows(std::span<const uint32_t> rows, size_t d, const float* x, size_t stride, float* y);                 \
  /* y (d) = sum over i of weights[i] * x[rows[i]], rows of x `stride` values apart. */                                \
  void weighted_row_sum(std::span<const uint32_t> rows, std::span<const float> weights, size_t d, const float* x,      \
                        size_t stride, float* y);                                                                      \
  /* y (H, n, dh) from x (n, H * dh) with rows `stride` apart, and back. */                                            \
  void split_heads(size_t n, size_t heads, size_t head_size, const float* x, size_t stride, float* y);                 \
  void merge_heads(size_t n, size_t heads, size_t head_size, const float* x, float* y);                                \
  /* y (n) as float from IEEE half, bfloat16, or int8 times `scale`. */                                                \
  void widen_f16(size_t n, const uint16_t* x, float* y);                                                               \
  void widen_bf16(size_t n, const uint16_t* x, float* y);                                                              \
  void widen_i8(size_t n, const int8_t* x, float scale, float* y);

LATFORMER_ROW_KERNELS
namespace scalar {
LATFORMER_ROW_KERNELS
}

#undef LATFORMER_ROW_KERNELS

}  // namespace latformer::kernels
