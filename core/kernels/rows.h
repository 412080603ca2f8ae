// What works on rows: LayerNorm with residual, RMSNorm, rotary positions, gathering, weighted sums, scores, and
// widening of stored weights. kernels::scalar holds a plain twin of each function, the readable reference that tests
// compare with.
//
// Notation: n rows, d = hidden_size, H = heads, dh = head_size = d / H, nq queries, nk keys. Everything is row-major;
// rows are contiguous unless a stride, counted in values, is given. Pointers need no alignment. Zero rows are legal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

// Declared twice, here and in kernels::scalar, so that twins cannot drift apart.
#define LATFORMER_DECLARE_ROW_KERNELS                                                                                  \
  /* y (n, d) = (v - mean(v)) / sqrt(var(v) + eps) * gamma + beta for each row of v = x + residual; var is biased.     \
     residual may be null; y may be x or residual. */                                                                  \
  void layer_norm(size_t n, size_t d, const float* x, const float* residual, const float* gamma, const float* beta,    \
                  float eps, float* y);                                                                                \
                                                                                                                       \
  /* y (n, d) = x / sqrt(mean(x^2) + eps) * gamma for each row of x (RMSNorm); y may be x. */                          \
  void rms_norm(size_t n, size_t d, const float* x, const float* gamma, float eps, float* y);                          \
                                                                                                                       \
  /* x (n, d) += y. */                                                                                                 \
  void add_to_rows(size_t n, size_t d, const float* y, float* x);                                                      \
                                                                                                                       \
  /* Rotary positions, in place: in each of `heads` heads of head_size values of row i of x, `stride` apart, the pair  \
     (a, b) = (x_j, x_(j + half)) becomes (a cos - b sin, b cos + a sin), j < half, with the cosine and sine that      \
     stand at (positions[i], j) of tables (., half). What is past 2 half stays. */                                     \
  void rotate(std::span<const uint32_t> positions, size_t heads, size_t head_size, size_t half, const float* cosines,  \
              const float* sines, float* x, size_t stride);                                                            \
                                                                                                                       \
  /* Row i of y (n, d) is row rows[i] of x. */                                                                         \
  void gather_rows(std::span<const uint32_t> rows, size_t d, const float* x, size_t stride, float* y);                 \
                                                                                                                       \
  /* y (d) = sum over i of weights[i] * (row rows[i] of x). */                                                         \
  void weighted_row_sum(std::span<const uint32_t> rows, std::span<const float> weights, size_t d, const float* x,      \
                        size_t stride, float* y);                                                                      \
                                                                                                                       \
  /* score (n) *= exp(x_j . u) for each row x_j of x (n, d). */                                                        \
  void raise_scores(size_t n, size_t d, const float* x, const float* u, float* score);                                 \
                                                                                                                       \
  /* y (n) = the values of x as floats: IEEE half, bfloat16 (both exact, NaN and infinity included), int8 times scale. \
   */                                                                                                                  \
  void widen_f16(size_t n, const uint16_t* x, float* y);                                                               \
  void widen_bf16(size_t n, const uint16_t* x, float* y);                                                              \
  void widen_i8(size_t n, const int8_t* x, float scale, float* y);                                                     \
                                                                                                                       \
  /* y (n) = (x - 8) times the scale of their group: two of 4 bits in a byte, the low ones first; n is a multiple      \
     of group, group of 2. */                                                                                          \
  void widen_i4(size_t n, size_t group, const uint8_t* x, const float* scales, float* y);

namespace latformer::kernels {
LATFORMER_DECLARE_ROW_KERNELS
namespace scalar {
LATFORMER_DECLARE_ROW_KERNELS
}  // namespace scalar
}  // namespace latformer::kernels

#undef LATFORMER_DECLARE_ROW_KERNELS
