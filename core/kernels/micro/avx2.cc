// Micro-kernels for AVX2 and FMA, which this file alone is compiled for.
#include "core/kernels/micro/instruction_sets.h"
#include "core/kernels/micro/target.h"

namespace latformer::kernels {

const MicroKernels kAvx2Kernels = table_of<Int8PairDot, kInt8PairRows, xnnpack::Avx2>(
    "AVX2 (f32: fused multiply-add, int8: 8-bit products; softmax, tanh: XNNPACK)");

}  // namespace latformer::kernels
