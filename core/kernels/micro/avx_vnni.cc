// Micro-kernels for AVX-VNNI, the 8-bit dot product in vectors of AVX2, for processors without AVX-512 (Intel's clients
// since the 12th generation); this file alone is compiled for it.
#include "core/kernels/micro/instruction_sets.h"
#include "core/kernels/micro/target.h"

namespace latformer::kernels {

const MicroKernels kAvxVnniKernels = table_of<Int8Dot, kInt8Rows, xnnpack::Avx2>(
    "AVX-VNNI (f32: fused multiply-add of AVX2, int8: 8-bit dot product; softmax, tanh: XNNPACK)");

}  // namespace latformer::kernels
