// The functions between the two halves of a feed-forward layer, and tanh.
//
//   gelu       0.5 x (1 + erf(x / sqrt 2))
//   gelu_tanh  0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), its approximation
#pragma once

#include <cstddef>

#include "core/base/buffer.h"
#include "core/base/status.h"
#include "core/kernels/micro/table.h"
#include "core/kernels/threads.h"

namespace latformer::kernels {

// y (count) = activation(x (count)); x and y may be the same, and lie in a Buffer, past whose end kernels may read.
class Activation {
 public:
  enum class Kind { gelu, gelu_tanh, relu, tanh };
  Activation() = default;
  static Result<Activation> create(Kind kind, const MicroKernels& micro = micro_kernels());
  Status run(const Threads& threads, size_t count, const float* x, float* y);

 private:
  Kind kind_ = Kind::gelu;
  const MicroKernels* micro_ = nullptr;
};

// y (n, d) = x / (1 + e^-x) * factor, of rows of x and factor `stride` apart (SwiGLU); y may be x or factor if stride
// is d.
void silu_multiply(const Threads& threads, size_t n, size_t d, const float* x, const float* factor, size_t stride,
                   float* y, const MicroKernels& micro = micro_kernels());

}  // namespace latformer::kernels
