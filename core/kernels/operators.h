// Batched products, softmax and activations by XNNPACK, each create once / run many times: run() reshapes when the
// sizes differ from the last call's and never allocates once the largest size has been seen.
//
// Shapes stand beside every pointer, rows first, contiguous. Buffers come from core/base/buffer.h (kernels may read a
// little past the end). Errors: out_of_memory, else internal with XNNPACK's status in the message.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "core/base/buffer.h"
#include "core/base/status.h"

struct xnn_operator;
struct xnn_unary_elementwise_config;
struct pthreadpool;

namespace latformer {

// The threads that kernels run on. One per model; not shared between simultaneous calls.
class Threads {
 public:
  // count 1: the caller's own thread alone. Also initialises XNNPACK. Errors: unsupported_model when the processor
  // lacks what XNNPACK needs, out_of_memory.
  static Result<Threads> create(size_t count);
  pthreadpool* pool() const { return pool_.get(); }  // null for one thread

 private:
  struct Delete {
    void operator()(pthreadpool* pool) const;
  };
  std::unique_ptr<pthreadpool, Delete> pool_;
};

namespace kernels {

struct DeleteOperator {
  void operator()(xnn_operator* op) const;
};
using Operator = std::unique_ptr<xnn_operator, DeleteOperator>;

// c (batch, m, n) = a (batch, m, k) b, with b (batch, k, n), or (batch, n, k) when transposed.
class BatchProduct {
 public:
  BatchProduct() = default;
  static Result<BatchProduct> create(bool transpose_b);
  Status run(const Threads& threads, size_t batch, size_t m, size_t k, size_t n, const float* a, const float* b,
             float* c);

 private:
  struct Shape {
    size_t batch = 0, m = 0, k = 0, n = 0;
    bool operator==(const Shape&) const = default;
  };
  Operator op_;
  Shape shape_;  // that the operator is set up for
  Buffer<std::byte> workspace_;
};

// y (rows, columns): softmax over each row; x and y may be the same.
class Softmax {
 public:
  Softmax() = default;
  static Result<Softmax> create();
  Status run(const Threads& threads, size_t rows, size_t columns, const float* x, float* y);

 private:
  Operator op_;
  size_t rows_ = 0, columns_ = 0;
};

// y (count) = activation(x (count)); x and y may be the same. gelu is 0.5 x (1 + erf(x / sqrt 2)), gelu_tanh its tanh
// approximation 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).
class Activation {
 public:
  enum class Kind { gelu, gelu_tanh, relu, tanh };
  Activation() = default;
  static Result<Activation> create(Kind kind);
  Status run(const Threads& threads, size_t count, const float* x, float* y);

 private:
  Kind kind_ = Kind::gelu;
  const xnn_unary_elementwise_config* config_ = nullptr;
};

}  // namespace kernels
}  // namespace latformer
