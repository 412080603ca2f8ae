// A matrix as it stood in the file: values keep their stored type and are widened to float one row at a time.
//
//   row i = values(i, :) * scales(i)          scales for int8 only
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
  DType dtype = DType::f32;  // f32, f16, bf16 or i8
  Buffer<std::byte> values;  // (rows, columns)
  Buffer<float> scales;      // (rows), i8 only

  // y (columns) = row i
  void widen_row(size_t i, float* y) const;

  // Makes it int8 with a scale for each row (core/kernels/int8_rows.h), as latformer-quantize would have.
  // Errors: bad_model (a value that is no number), out_of_memory.
  Status narrow();
};

}  // namespace latformer
