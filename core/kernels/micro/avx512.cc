// Micro-kernels for AVX-512 with VNNI, which this file alone is compiled for.
#include "core/kernels/micro/instruction_sets.h"
#include "core/kernels/micro/target.h"

namespace latformer::kernels {

const MicroKernels kAvx512Kernels = table_of<Int8Dot, kInt8Rows, xnnpack::Avx512>(
    "AVX-512 VNNI (f32: fused multiply-add, int8: 8-bit dot product; softmax, tanh: XNNPACK)");

}  // namespace latformer::kernels
