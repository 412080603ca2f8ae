#include "core/models/stored_matrix.h"

#include <cassert>
#include <cstdint>
#include <cstring>

#include "core/kernels/rows.h"

namespace latformer {

void StoredMatrix::widen_row(size_t i, float* y) const {
  assert(i < rows);
  const std::byte* x = values.data() + i * columns * size_of(dtype);
  switch (dtype) {
    case DType::f16:
      return kernels::widen_f16(columns, reinterpret_cast<const uint16_t*>(x), y);
    case DType::bf16:
      return kernels::widen_bf16(columns, reinterpret_cast<const uint16_t*>(x), y);
    case DType::i8:
      return kernels::widen_i8(columns, reinterpret_cast<const int8_t*>(x), scales[i], y);
    default:
      std::memcpy(y, x, columns * sizeof(float));
  }
}

}  // namespace latformer
