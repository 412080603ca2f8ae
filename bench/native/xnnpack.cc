#include "bench/native/xnnpack.h"

#include <xnnpack/gemm.h>
#include <xnnpack/vunary.h>

#include <algorithm>
#include <array>
#include <limits>

#include "core/kernels/micro/table.h"
#if defined(__wasm_relaxed_simd__)
#include "core/kernels/micro/instruction_sets.h"
#endif

namespace latformer {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr xnn_f32_default_params kNoParameters{};
constexpr xnn_f32_minmax_params kNoBounds{.scalar = {.min = -kInfinity, .max = kInfinity}};

using F32Tile = void (*)(size_t rows, size_t columns, size_t in, const float* x, const float* packed, float* y,
                         size_t out);
template <auto kKernel, const auto& kParameters>
void f32_tile(size_t rows, size_t columns, size_t in, const float* x, const float* packed, float* y, size_t out) {
  const size_t size = sizeof(float);
  kKernel(rows, columns, in * size, x, in * size, packed, y, out * size, columns * size, &kParameters);
}

using Int8Kernel = void (*)(size_t rows, size_t columns, size_t in, const int8_t* x, size_t x_stride,
                            const void* packed, float* y, size_t y_stride, size_t block_stride,
                            const xnn_f32_minmax_params* bounds, const xnn_qd8_quantization_params* rows_parameters);

struct Kernels {
  size_t f32_columns;
  std::array<F32Tile, 9> f32;  // by rows; null: the next higher one serves
  size_t int8_columns, int8_group, int8_shuffle;
  size_t int8_rows;  // of a tile
  Int8Kernel int8_single, int8;
  void (*gelu)(size_t batch, const float* x, float* y, const xnn_f32_default_params* parameters);
};

const Kernels& kernels_here() {
#if defined(__wasm_simd128__)
#if defined(__wasm_relaxed_simd__)
#define LATFORMER_F32(rows) f32_tile<xnn_f32_gemm_ukernel_##rows##x8__wasmrelaxedsimd_fma_loadsplat, kNoParameters>
  static constexpr std::array<F32Tile, 9> kF32 = {nullptr,          LATFORMER_F32(1), nullptr,         LATFORMER_F32(3),
                                                  LATFORMER_F32(4), LATFORMER_F32(5), LATFORMER_F32(6)};
#else
#define LATFORMER_F32(rows) f32_tile<xnn_f32_gemm_ukernel_##rows##x8__wasmsimd_loadsplat, kNoParameters>
  static constexpr std::array<F32Tile, 9> kF32 = {nullptr, LATFORMER_F32(1), nullptr, LATFORMER_F32(3),
                                                  LATFORMER_F32(4)};
#endif
  static constexpr Kernels kWithoutDot = {8,
                                          kF32,
                                          4,
                                          2,
                                          4,
                                          4,
                                          xnn_qd8_f32_qc8w_gemm_minmax_ukernel_1x4c2s4__wasmsimd_dot16x2_ld128,
                                          xnn_qd8_f32_qc8w_gemm_minmax_ukernel_4x4c2s4__wasmsimd_dot16x2_ld128,
                                          xnn_f32_vgelu_ukernel__wasmsimd_rational_12_10_div_u16};
#if defined(__wasm_relaxed_simd__)
  static constexpr Kernels kWithDot = {8,
                                       kF32,
                                       8,
                                       8,
                                       1,
                                       4,
                                       xnn_qd8_f32_qc8w_gemm_minmax_ukernel_1x8c8__wasmusdot_u2,
                                       xnn_qd8_f32_qc8w_gemm_minmax_ukernel_4x8c8__wasmusdot_u2,
                                       xnn_f32_vgelu_ukernel__wasmsimd_rational_12_10_div_u16};
  return kernels::pair_kernels_are_faster() ? kWithoutDot : kWithDot;
#else
  return kWithoutDot;
#endif
#elif defined(__x86_64__)
#define LATFORMER_AVX2(rows) f32_tile<xnn_f32_gemm_minmax_ukernel_##rows##x16__fma3_broadcast, kNoBounds>
#define LATFORMER_AVX512(rows) f32_tile<xnn_f32_gemm_minmax_ukernel_##rows##x32__avx512f_broadcast, kNoBounds>
  static constexpr Kernels kAvx2 = {
      16,
      {nullptr, LATFORMER_AVX2(1), nullptr, LATFORMER_AVX2(3), LATFORMER_AVX2(4), LATFORMER_AVX2(5), LATFORMER_AVX2(6)},
      8,
      8,
      1,
      4,
      xnn_qd8_f32_qc8w_gemm_minmax_ukernel_1x8c8__avx2,
      xnn_qd8_f32_qc8w_gemm_minmax_ukernel_4x8c8__avx2,
      xnn_f32_vgelu_ukernel__fma3_rational_12_10_div_u16};
  static constexpr Kernels kAvx512 = {
      32,
      {nullptr, LATFORMER_AVX512(1), nullptr, nullptr, LATFORMER_AVX512(4), LATFORMER_AVX512(5), LATFORMER_AVX512(6),
       LATFORMER_AVX512(7), LATFORMER_AVX512(8)},
      16,
      8,
      1,
      10,
      xnn_qd8_f32_qc8w_gemm_minmax_ukernel_1x16c8__avx512vnni_prfm,
      xnn_qd8_f32_qc8w_gemm_minmax_ukernel_10x16c8__avx512vnni_prfm,
      xnn_f32_vgelu_ukernel__avx512f_rational_12_10_nr_u16};
  return kernels::micro_kernels().f32_columns == 32 ? kAvx512 : kAvx2;
#else
  static constexpr Kernels kNone{};
  return kNone;
#endif
}

template <class T>
std::byte* put(std::byte* to, T value) {
  std::copy_n(reinterpret_cast<const std::byte*>(&value), sizeof(T), to);
  return to + sizeof(T);
}

}  // namespace

Result<XnnpackF32> XnnpackF32::create(size_t in, size_t out, std::span<const float> weight,
                                      std::span<const float> bias) {
  const size_t columns = kernels_here().f32_columns;
  const size_t blocks = (out + columns - 1) / columns;
  XnnpackF32 linear;
  linear.in_ = in;
  linear.out_ = out;
  LATFORMER_ASSIGN(linear.packed_, Buffer<float>::allocate(blocks * columns * (in + 1)));
  float* to = linear.packed_.data();
  for (size_t first = 0; first < blocks * columns; first += columns) {
    for (size_t c = first; c < first + columns; ++c) *to++ = c < out ? bias[c] : 0;
    for (size_t k = 0; k < in; ++k) {
      for (size_t c = first; c < first + columns; ++c) *to++ = c < out ? weight[c * in + k] : 0;
    }
  }
  return linear;
}

void XnnpackF32::run(size_t rows, const float* x, float* y) const {
  const Kernels& all = kernels_here();
  size_t highest = all.f32.size() - 1;
  while (all.f32[highest] == nullptr) --highest;
  const size_t tiles = (rows + highest - 1) / highest;
  const float* packed = packed_.data();
  for (size_t first = 0; first < out_; first += all.f32_columns, packed += all.f32_columns * (in_ + 1)) {
    size_t row = 0;
    for (size_t left = tiles; left > 0; --left) {
      const size_t count = (rows - row + left - 1) / left;
      size_t height = count;
      while (all.f32[height] == nullptr) ++height;
      all.f32[height](count, std::min(all.f32_columns, out_ - first), in_, x + row * in_, packed,
                      y + row * out_ + first, out_);
      row += count;
    }
  }
}

// k of column c within a block of `group` * `shuffle` values begins c groups later, as XNNPACK packs for "s4" kernels.
Result<XnnpackInt8> XnnpackInt8::create(size_t in, size_t out, std::span<const int8_t> values,
                                        std::span<const float> scales, std::span<const float> bias) {
  const Kernels& all = kernels_here();
  const size_t turn = all.int8_group * all.int8_shuffle;
  const size_t padded_in = (in + turn - 1) / turn * turn;
  const size_t blocks = (out + all.int8_columns - 1) / all.int8_columns;
  XnnpackInt8 linear;
  linear.in_ = in;
  linear.out_ = out;
  LATFORMER_ASSIGN(linear.packed_, Buffer<std::byte>::allocate(blocks * all.int8_columns * (padded_in + 12)));
  std::byte* to = linear.packed_.data();
  for (size_t first = 0; first < blocks * all.int8_columns; first += all.int8_columns) {
    const size_t end = first + all.int8_columns;
    const auto value = [&](size_t c, size_t k) { return c < out && k < in ? values[c * in + k] : int8_t{0}; };
    for (size_t c = first; c < end; ++c) {
      int32_t sum = 0;
      for (size_t k = 0; k < in; ++k) sum += value(c, k);
      to = put(to, -sum);
    }
    for (size_t k = 0; k < padded_in; k += all.int8_group) {
      for (size_t c = first; c < end; ++c) {
        const size_t from = k / turn * turn + (k + (c - first) * all.int8_group) % turn;
        for (size_t i = 0; i < all.int8_group; ++i) to = put(to, value(c, from + i));
      }
    }
    for (size_t c = first; c < end; ++c) to = put(to, c < out ? scales[c] : 0.0F);
    for (size_t c = first; c < end; ++c) to = put(to, c < out ? bias[c] : 0.0F);
  }
  return linear;
}

void XnnpackInt8::run(size_t rows, const int8_t* x, float x_scale, int32_t x_zero, float* y) const {
  const Kernels& all = kernels_here();
  std::array<xnn_qd8_quantization_params, 16> parameters;
  parameters.fill({.zero_point = x_zero, .inv_scale = x_scale});
  for (size_t row = 0; row < rows; row += all.int8_rows) {
    const size_t count = std::min(all.int8_rows, rows - row);
    (count == 1 ? all.int8_single : all.int8)(count, out_, in_, x + row * in_, in_, packed_.data(), y + row * out_,
                                              out_ * sizeof(float), all.int8_columns * sizeof(float), &kNoBounds,
                                              parameters.data());
  }
}

void xnnpack_gelu(size_t n, const float* x, float* y) { kernels_here().gelu(n * sizeof(float), x, y, &kNoParameters); }

}  // namespace latformer
