// The tables of micro-kernels that are compiled in: one for every instruction set that the target may have.
#pragma once

#include "core/kernels/micro/table.h"

namespace latformer::kernels {

extern const MicroKernels kBaselineKernels;
#if defined(__wasm_relaxed_simd__)
extern const MicroKernels kPairKernels;
bool pair_kernels_are_faster();
#elif defined(__x86_64__)
extern const MicroKernels kAvx2Kernels;
extern const MicroKernels kAvxVnniKernels;
extern const MicroKernels kAvx512Kernels;
extern const MicroKernels kAmxKernels;
#endif

}  // namespace latformer::kernels
