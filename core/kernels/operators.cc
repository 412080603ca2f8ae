#include "core/kernels/operators.h"

#include <pthreadpool.h>
#include <xnnpack.h>

#include <string>

namespace latformer {
namespace {

static_assert(kBufferSlack >= XNN_EXTRA_BYTES);

// XNNPACK's status as ours; `what` names the call.
Status check(xnn_status status, const char* what) {
  switch (status) {
    case xnn_status_success:
      return {};
    case xnn_status_out_of_memory:
      return out_of_memory(std::string("no memory for ") + what);
    case xnn_status_unsupported_hardware:
      return unsupported_model("this processor lacks what XNNPACK needs");
    default:
      return internal_error(std::string("XNNPACK: ") + what + " failed with status " + std::to_string(status));
  }
}

// Cheap after the first time; every object may be a program's first.
Status initialize() { return check(xnn_initialize(nullptr), "initialisation"); }

}  // namespace

Result<Threads> Threads::create(size_t count) {
  LATFORMER_TRY(initialize());
  Threads threads;
  if (count > 1) {
    threads.pool_.reset(pthreadpool_create(count));
    if (threads.pool_ == nullptr) return out_of_memory("no " + std::to_string(count) + " threads can be started");
  }
  return threads;
}

void Threads::Delete::operator()(pthreadpool* pool) const { pthreadpool_destroy(pool); }

namespace kernels {

void DeleteOperator::operator()(xnn_operator* op) const { xnn_delete_operator(op); }

Result<BatchProduct> BatchProduct::create(bool transpose_b) {
  LATFORMER_TRY(initialize());
  xnn_operator_t op = nullptr;
  LATFORMER_TRY(
      check(xnn_create_batch_matrix_multiply_nc_f32(transpose_b ? XNN_FLAG_TRANSPOSE_B : 0, &op), "a batched product"));
  BatchProduct product;
  product.op_.reset(op);
  return product;
}

Status BatchProduct::run(const Threads& threads, size_t batch, size_t m, size_t k, size_t n, const float* a,
                         const float* b, float* c) {
  if (batch == 0 || m == 0 || n == 0) return {};
  const Shape shape{batch, m, k, n};
  if (shape != shape_) {
    shape_ = {};
    size_t size = 0;
    size_t alignment = 0;  // never more than a Buffer's
    LATFORMER_TRY(check(xnn_reshape_batch_matrix_multiply_nc_f32(op_.get(), 1, &batch, &batch, m, k, n, &size,
                                                                 &alignment, threads.pool()),
                        "a batched product"));
    if (alignment > kBufferAlignment) return internal_error("XNNPACK asks for an unusual alignment");
    LATFORMER_TRY(workspace_.reserve(size));
    shape_ = shape;
  }
  LATFORMER_TRY(
      check(xnn_setup_batch_matrix_multiply_nc_f32(op_.get(), workspace_.data(), a, b, c), "a batched product"));
  return check(xnn_run_operator(op_.get(), threads.pool()), "a batched product");
}

Result<Softmax> Softmax::create() {
  LATFORMER_TRY(initialize());
  xnn_operator_t op = nullptr;
  LATFORMER_TRY(check(xnn_create_softmax_nc_f32(0, &op), "softmax"));
  Softmax softmax;
  softmax.op_.reset(op);
  return softmax;
}

Status Softmax::run(const Threads& threads, size_t rows, size_t columns, const float* x, float* y) {
  if (rows == 0 || columns == 0) return {};
  if (rows != rows_ || columns != columns_) {
    rows_ = columns_ = 0;
    LATFORMER_TRY(
        check(xnn_reshape_softmax_nc_f32(op_.get(), columns, columns, columns, rows, threads.pool()), "softmax"));
    rows_ = rows;
    columns_ = columns;
  }
  LATFORMER_TRY(check(xnn_setup_softmax_nc_f32(op_.get(), x, y), "softmax"));
  return check(xnn_run_operator(op_.get(), threads.pool()), "softmax");
}

}  // namespace kernels
}  // namespace latformer
