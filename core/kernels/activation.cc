#include "core/kernels/activation.h"

#include <pthreadpool.h>

#include <algorithm>
#include <array>

namespace latformer::kernels {
namespace {

constexpr float kSqrtTwoOverPi = 0.7978845608028654F;
constexpr size_t kBlock = 2048;  // values that one thread takes at a time; x, y and what lies between stay in its cache

struct Call {
  Activation::Kind kind;
  const MicroKernels* micro;
  const float* x;
  float* y;
};

// 0.5 v (1 + tanh(sqrt(2 / pi) (v + 0.044715 v^3)))
void run_gelu_tanh(const MicroKernels& micro, size_t count, const float* x, float* y) {
  alignas(kBufferAlignment) std::array<float, kBlock + kBufferSlack / sizeof(float)> inner{};
  for (size_t i = 0; i < count; ++i) inner[i] = kSqrtTwoOverPi * (x[i] + 0.044715F * x[i] * x[i] * x[i]);
  micro.tanh(count, inner.data(), inner.data());
  for (size_t i = 0; i < count; ++i) y[i] = 0.5F * x[i] * (1.0F + inner[i]);
}

// Values [begin, begin + count) of a call; pthreadpool's callback.
void run_block(void* context, size_t begin, size_t count) {
  const Call& call = *static_cast<const Call*>(context);
  const float* x = call.x + begin;
  float* y = call.y + begin;
  switch (call.kind) {
    case Activation::Kind::gelu:
      return call.micro->gelu(count, x, y);
    case Activation::Kind::tanh:
      return call.micro->tanh(count, x, y);
    case Activation::Kind::gelu_tanh:
      return run_gelu_tanh(*call.micro, count, x, y);
    case Activation::Kind::relu:
      for (size_t i = 0; i < count; ++i) y[i] = std::max(x[i], 0.0F);
  }
}

}  // namespace

Result<Activation> Activation::create(Kind kind, const MicroKernels& micro) {
  Activation activation;
  activation.kind_ = kind;
  activation.micro_ = &micro;
  return activation;
}

Status Activation::run(const Threads& threads, size_t count, const float* x, float* y) {
  Call call{kind_, micro_, x, y};
  pthreadpool_parallelize_1d_tile_1d(threads.pool(), run_block, &call, count, kBlock, 0);
  return {};
}

void silu_multiply(const Threads& threads, size_t n, size_t d, const float* x, const float* factor, size_t stride,
                   float* y, const MicroKernels& micro) {
  struct Rows {
    const MicroKernels* micro;
    size_t d, stride;
    const float *x, *factor;
    float* y;
  } rows{&micro, d, stride, x, factor, y};
  pthreadpool_parallelize_2d_tile_1d(
      threads.pool(),
      [](void* context, size_t row, size_t first, size_t count) {
        const Rows& r = *static_cast<const Rows*>(context);
        const size_t at = row * r.stride + first;
        r.micro->silu_multiply(count, r.x + at, r.factor + at, r.y + row * r.d + first);
      },
      &rows, n, d, kBlock, 0);
}

}  // namespace latformer::kernels
