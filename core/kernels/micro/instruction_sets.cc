// Which micro-kernels this processor can run.
#include "core/kernels/micro/instruction_sets.h"

namespace latformer::kernels {

std::vector<const MicroKernels*> available_micro_kernels() {
  std::vector<const MicroKernels*> tables = {&kScalarKernels, &kBaselineKernels};
#if defined(__wasm_relaxed_simd__)
  tables.insert(pair_kernels_are_faster() ? tables.end() : tables.end() - 1, &kPairKernels);
#elif defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) tables.push_back(&kAvx2Kernels);
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni")) {
    tables.push_back(&kAvx512Kernels);
  }
#endif
  return tables;
}

const MicroKernels& micro_kernels() {
  static const MicroKernels& fastest = *available_micro_kernels().back();
  return fastest;
}

}  // namespace latformer::kernels
