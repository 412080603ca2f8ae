// A matrix as it stood in the file: values keep their stored type and are widened to float one row at a time.
//
//   row i = values(i, :) * scales(i)          int8
//   row i = (values(i, :) - 8) * scales(i, group of each column)      4 bits: kernels::widen_i4
//
// Embedding tables live in this form (a text looks up a few of their rows); linear weights pass through it on their way
// into a packed product.
#pragma once

#include <cstddef>

#include "core/base/buffer.h"
#include "core/base/status.h"
#include "core/format/safetensors.h"

namespace latformer {

struct StoredMatrix {
  size_t rows = 0;
  size_t columns = 0;
  DType dtype = DType::f32;  // f32, f16, bf16, i8, or i32 for eight numbers of 4 bits in each
  size_t group = 0;          // i32 only: columns for each scale; even
  Buffer<std::byte> values;  // (rows, columns); of 4 bits each row begins with a new i32
  Buffer<float> scales;      // i8: (rows); i32: (rows, columns / group)

  size_t row_bytes() const { return dtype == DType::i32 ? (columns + 7) / 8 * 4 : columns * size_of(dtype); }

  size_t scale_count() const { return dtype == DType::i32 ? rows * (columns / group) : rows; }  // of integers

  // The same once more: the values are held once.
  StoredMatrix share() const;

  // y (columns) = row i
  void widen_row(size_t i, float* y) const;

  // Makes it int8 with a scale for each row (core/kernels/int8_rows.h), as latformer-quantize would have.
  // Errors: bad_model (a value that is not finite), out_of_memory.
  Status narrow();

  // Makes it 4 bits with a scale for each group of columns (core/kernels/int4_rows.h), likewise, or int8 where groups
  // of these columns cannot be computed with. 4 bits stay as they are. Errors: those of narrow().
  Status narrow_to_int4();

  // Makes it its transpose. Of floats only. Errors: out_of_memory.
  Status transpose();
};

}  // namespace latformer
