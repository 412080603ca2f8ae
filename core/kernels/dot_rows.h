// One row times a matrix that lies as the file has it: the head of a language model that shares its weights with the
// embeddings, without a second, packed copy.
//
//   y (rows) = M x        M (rows, columns), x (columns)
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/buffer.h"
#include "core/base/status.h"
#include "core/kernels/linear.h"
#include "core/kernels/threads.h"

namespace latformer::kernels {

// Each row widened as core/kernels/rows.h says; rows of other types than int4 lie one behind the other.
struct MatrixRows {
  enum class Type { f32, f16, bf16, int8, int4 };
  size_t rows, columns;
  Type type;
  const std::byte* values;
  size_t row_bytes;     // from one row to the next
  const float* scales;  // int8: (rows); int4: (rows, columns / group); else null
  size_t group;         // int4 alone
  // int8: (rows) of each row's values, by sums_of_rows(); null: computed in f32 whatever the precision.
  const int32_t* sums = nullptr;
};

// What products in int8 want to know of a matrix, once. Errors: out_of_memory.
Result<Buffer<int32_t>> sums_of_rows(const MatrixRows& matrix);

// precision int8 or int4 rounds x as Linear does, for a matrix of int8 whose sums are given and one of int4 whose
// groups are a multiple of 8; others are computed in f32. A value of y does not depend on threads. Errors:
// out_of_memory (for the workspace).
Status dot_rows(const Threads& threads, Precision precision, const MatrixRows& matrix, const float* x, float* y,
                LinearWorkspace& workspace, const MicroKernels& micro = micro_kernels());

namespace scalar {
// The plain twin, in f32 with sums in double.
void dot_rows(const MatrixRows& matrix, const float* x, float* y);
}  // namespace scalar

}  // namespace latformer::kernels
