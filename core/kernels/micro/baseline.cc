// Micro-kernels that every processor of a family has: SSE2, NEON, and WebAssembly SIMD, where -mrelaxed-simd makes the
// same source the relaxed one.
#include "core/kernels/micro/instruction_sets.h"
#include "core/kernels/micro/target.h"

namespace latformer::kernels {
namespace {

#if defined(__wasm_relaxed_simd__)
constexpr std::string_view kName =
    "WebAssembly relaxed SIMD (f32: fused multiply-add, int8: 7-bit dot product; softmax, tanh: XNNPACK)";
constexpr std::string_view kPairName =
    "WebAssembly relaxed SIMD (f32: fused multiply-add, int8: pairs of 7-bit dot products; softmax, tanh: XNNPACK)";
#elif defined(__wasm_simd128__)
constexpr std::string_view kName =
    "WebAssembly SIMD (f32: multiply and add, int8: 16-bit dot product; softmax, tanh: XNNPACK)";
#elif defined(__SSE2__)
constexpr std::string_view kName = "SSE2 (f32: multiply and add, int8: 16-bit dot product; softmax, tanh: XNNPACK)";
#else
constexpr std::string_view kName = "NEON (f32: fused multiply-add, int8: 16-bit products; softmax, tanh: XNNPACK)";
#endif

}  // namespace

const MicroKernels kBaselineKernels = table_of<Int8Dot, kInt8Rows, xnnpack::Baseline>(kName);

#if defined(__wasm_relaxed_simd__)
const MicroKernels kPairKernels = table_of<Int8PairDot, kInt8PairRows, xnnpack::Baseline>(kPairName);

// What the standard leaves open tells the machine: for an activation of 255, x86's sums of two products stop at 32767;
// those of VNNI do not, and ARM takes it for -1.
bool pair_kernels_are_faster() {
  const volatile int8_t weight = 127;
  const volatile uint8_t activation = 255;
  const v128_t sum =
      wasm_i32x4_relaxed_dot_i8x16_i7x16_add(wasm_i8x16_splat(weight), wasm_u8x16_splat(activation), v128_t{});
  return wasm_i32x4_extract_lane(sum, 0) == 2 * 32767;
}
#endif

}  // namespace latformer::kernels
