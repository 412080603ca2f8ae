// A matrix of the file as dot_rows reads it: what a head and an embedding share.
#pragma once

#include "core/kernels/dot_rows.h"
#include "core/models/stored_matrix.h"

namespace latformer {

inline kernels::MatrixRows matrix_rows_of(const StoredMatrix& matrix) {
  using Type = kernels::MatrixRows::Type;
  const Type type = matrix.dtype == DType::f16    ? Type::f16
                    : matrix.dtype == DType::bf16 ? Type::bf16
                    : matrix.dtype == DType::i8   ? Type::int8
                    : matrix.dtype == DType::i32  ? Type::int4
                                                  : Type::f32;
  return {.rows = matrix.rows,
          .columns = matrix.columns,
          .type = type,
          .values = matrix.values.data(),
          .row_bytes = matrix.row_bytes(),
          .scales = matrix.scales.data(),
          .group = matrix.group};
}

}  // namespace latformer
