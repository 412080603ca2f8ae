// This file alone of the core looks below XNNPACK's public interface. third_party/xnnpack/sources.cmake builds what it
// names.
#include "core/kernels/micro/xnnpack.h"

#include <xnnpack/raddstoreexpminusmax.h>
#include <xnnpack/reduce.h>
#include <xnnpack/vbinary.h>
#include <xnnpack/vunary.h>

#include "core/base/buffer.h"

namespace latformer::kernels::xnnpack {
namespace {

static_assert(kBufferSlack >= XNN_EXTRA_BYTES);

constexpr xnn_f32_default_params kNoParameters{};

// x = e^(x - max x), divided by the sum of these
template <auto kMax, auto kExpAndSum, auto kMultiply>
void softmax(size_t n, float* x) {
  const size_t bytes = n * sizeof(float);
  float max, sum;
  kMax(bytes, x, &max, &kNoParameters);
  kExpAndSum(bytes, x, &max, x, &sum, nullptr);
  const float factor = 1.0F / sum;
  kMultiply(bytes, x, &factor, x, &kNoParameters);
}

template <auto kTanh>
void tanh_of(size_t n, const float* x, float* y) {
  if (n > 0) kTanh(n * sizeof(float), x, y, &kNoParameters);
}

}  // namespace

#if defined(__wasm_relaxed_simd__)

void Baseline::softmax_row(size_t n, float* x) {
  softmax<xnn_f32_rmax_ukernel__wasmsimd_pminmax_u16_acc4,
          xnn_f32_raddstoreexpminusmax_ukernel__wasmrelaxedsimd_rr2_p5_u16_acc2, xnn_f32_vmulc_ukernel__wasmsimd_u16>(
      n, x);
}
void Baseline::tanh(size_t n, const float* x, float* y) {
  tanh_of<xnn_f32_vtanh_ukernel__wasmsimd_rational_9_8_div_u16>(n, x, y);
}

#elif defined(__wasm_simd128__)

void Baseline::softmax_row(size_t n, float* x) {
  softmax<xnn_f32_rmax_ukernel__wasmsimd_pminmax_u16_acc4,
          xnn_f32_raddstoreexpminusmax_ukernel__wasmsimd_rr2_p5_u16_acc2, xnn_f32_vmulc_ukernel__wasmsimd_u16>(n, x);
}
void Baseline::tanh(size_t n, const float* x, float* y) {
  tanh_of<xnn_f32_vtanh_ukernel__wasmsimd_rational_9_8_div_u16>(n, x, y);
}

#elif defined(__x86_64__)

void Baseline::softmax_row(size_t n, float* x) {
  softmax<xnn_f32_rmax_ukernel__sse_u16_acc4, xnn_f32_raddstoreexpminusmax_ukernel__sse2_rr2_p5_u16_acc2,
          xnn_f32_vmulc_ukernel__sse_u8>(n, x);
}
void Baseline::tanh(size_t n, const float* x, float* y) {
  tanh_of<xnn_f32_vtanh_ukernel__sse2_rational_9_8_div_u8>(n, x, y);
}

void Avx2::softmax_row(size_t n, float* x) {
  softmax<xnn_f32_rmax_ukernel__avx_u32_acc4, xnn_f32_raddstoreexpminusmax_ukernel__avx2_rr2_p5_u32_acc2,
          xnn_f32_vmulc_ukernel__avx_u16>(n, x);
}
void Avx2::tanh(size_t n, const float* x, float* y) {
  tanh_of<xnn_f32_vtanh_ukernel__fma3_rational_9_8_div_u16>(n, x, y);
}

void Avx512::softmax_row(size_t n, float* x) {
  softmax<xnn_f32_rmax_ukernel__avx512f_u64_acc4, xnn_f32_raddstoreexpminusmax_ukernel__avx512f_rr2_p5_u64_acc2,
          xnn_f32_vmulc_ukernel__avx512f_u32>(n, x);
}
void Avx512::tanh(size_t n, const float* x, float* y) {
  tanh_of<xnn_f32_vtanh_ukernel__avx512f_rational_9_8_nr_u16>(n, x, y);
}

#elif defined(__aarch64__)

void Baseline::softmax_row(size_t n, float* x) {
  softmax<xnn_f32_rmax_ukernel__neon_u16_acc4, xnn_f32_raddstoreexpminusmax_ukernel__neonfma_rr1_p5_u16_acc2,
          xnn_f32_vmulc_ukernel__neon_u8>(n, x);
}
void Baseline::tanh(size_t n, const float* x, float* y) {
  tanh_of<xnn_f32_vtanh_ukernel__neon_rational_9_8_div_u16>(n, x, y);
}

#endif

}  // namespace latformer::kernels::xnnpack
