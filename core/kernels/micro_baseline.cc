// Micro-kernels that every processor of a family has: SSE2, NEON, and WebAssembly SIMD, where -mrelaxed-simd makes the
// same source the relaxed one.
#include "core/kernels/micro_tables.h"
#include "core/kernels/micro_tiles.h"

namespace latformer::kernels {
namespace {

#if defined(__wasm_relaxed_simd__)
constexpr std::string_view kName = "WebAssembly relaxed SIMD (f32: fused multiply-add, int8: 7-bit dot product)";
#elif defined(__wasm_simd128__)
constexpr std::string_view kName = "WebAssembly SIMD (f32: multiply and add, int8: 16-bit dot product)";
#elif defined(__SSE2__)
constexpr std::string_view kName = "SSE2 (f32: multiply and add, int8: 16-bit dot product)";
#else
constexpr std::string_view kName = "NEON (f32: fused multiply-add, int8: 16-bit products)";
#endif

}  // namespace

const MicroKernels kBaselineKernels = table_named(kName);

}  // namespace latformer::kernels
