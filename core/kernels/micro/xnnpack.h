// XNNPACK's micro-kernels where they are the faster ones, as entries of a table (micro/table.h);
// bench/native/kernels.cc has each beside ours. They are called by name: XNNPACK's operators would link every function
// that it has.
#pragma once

#include <cstddef>

namespace latformer::kernels::xnnpack {

// As MicroKernels has them, for one instruction set.
struct Baseline {
  static void softmax_row(size_t n, float* x);
  static void tanh(size_t n, const float* x, float* y);
};
#if defined(__x86_64__)
struct Avx2 {
  static void softmax_row(size_t n, float* x);
  static void tanh(size_t n, const float* x, float* y);
};
struct Avx512 {
  static void softmax_row(size_t n, float* x);
  static void tanh(size_t n, const float* x, float* y);
};
#endif

}  // namespace latformer::kernels::xnnpack
