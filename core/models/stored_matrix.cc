#include "core/models/stored_matrix.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#include "core/kernels/int4_rows.h"
#include "core/kernels/int8_rows.h"
#include "core/kernels/linear.h"
#include "core/kernels/rows.h"

namespace latformer {
namespace {

// y (columns, rows) = x (rows, columns) transposed, in blocks whose rows stay in the nearest cache.
template <class Bits>
void transpose_bits(size_t rows, size_t columns, const std::byte* from, std::byte* to) {
  constexpr size_t kBlock = 16;
  const auto* x = reinterpret_cast<const Bits*>(from);
  auto* y = reinterpret_cast<Bits*>(to);
  for (size_t first = 0; first < rows; first += kBlock) {
    const size_t end = std::min(first + kBlock, rows);
    for (size_t k = 0; k < columns; ++k) {
      for (size_t i = first; i < end; ++i) y[k * rows + i] = x[i * columns + k];
    }
  }
}

}  // namespace

StoredMatrix StoredMatrix::share() const {
  return {.rows = rows,
          .columns = columns,
          .dtype = dtype,
          .group = group,
          .values = values.share(),
          .scales = scales.share()};
}

void StoredMatrix::widen_row(size_t i, float* y) const {
  assert(i < rows);
  const std::byte* x = values.data() + i * row_bytes();
  switch (dtype) {
    case DType::f16:
      return kernels::widen_f16(columns, reinterpret_cast<const uint16_t*>(x), y);
    case DType::bf16:
      return kernels::widen_bf16(columns, reinterpret_cast<const uint16_t*>(x), y);
    case DType::i8:
      return kernels::widen_i8(columns, reinterpret_cast<const int8_t*>(x), scales[i], y);
    case DType::i32: {
      const float* of_row = scales.data() + i * (columns / group);
      return kernels::widen_i4(columns, group, reinterpret_cast<const uint8_t*>(x), of_row, y);
    }
    default:
      std::memcpy(y, x, columns * sizeof(float));
  }
}

Status StoredMatrix::narrow() {
  if (dtype == DType::i8) return {};
  StoredMatrix narrowed{.rows = rows, .columns = columns, .dtype = DType::i8, .values = {}, .scales = {}};
  LATFORMER_ASSIGN(narrowed.values, Buffer<std::byte>::allocate(volume({rows, columns})));
  LATFORMER_ASSIGN(narrowed.scales, Buffer<float>::allocate(rows));
  LATFORMER_ASSIGN(Buffer<float> wide, Buffer<float>::allocate(columns));
  const std::span<const float> row = wide.span();
  for (size_t i = 0; i < rows; ++i) {
    widen_row(i, wide.data());
    const float scale = kernels::scale_of_row(row);
    if (!std::isfinite(scale)) return bad_model("model.safetensors: a weight is beyond the largest float");
    kernels::quantize_row(row, scale, reinterpret_cast<int8_t*>(narrowed.values.data()) + i * columns);
    narrowed.scales[i] = scale;
  }
  *this = std::move(narrowed);
  return {};
}

Status StoredMatrix::narrow_to_int4() {
  if (dtype == DType::i32) return {};
  const size_t of_scale = kernels::int4_group_of(columns);
  if (!kernels::Linear::takes(of_scale)) return narrow();
  StoredMatrix narrowed{
      .rows = rows, .columns = columns, .dtype = DType::i32, .group = of_scale, .values = {}, .scales = {}};
  LATFORMER_ASSIGN(narrowed.values, Buffer<std::byte>::allocate(volume({rows, narrowed.row_bytes()})));
  LATFORMER_ASSIGN(narrowed.scales, Buffer<float>::allocate(volume({rows, columns / of_scale})));
  LATFORMER_ASSIGN(Buffer<float> wide, Buffer<float>::allocate(columns));
  float* scale = narrowed.scales.data();
  for (size_t i = 0; i < rows; ++i) {
    widen_row(i, wide.data());
    auto* q = reinterpret_cast<uint8_t*>(narrowed.values.data()) + i * narrowed.row_bytes();
    std::fill_n(q, narrowed.row_bytes(), uint8_t{0x88});  // zeros, where the last word is not full
    for (size_t first = 0; first < columns; first += of_scale, ++scale) {
      const std::span<const float> group_of_row = wide.span().subspan(first, of_scale);
      *scale = kernels::scale_of_group(group_of_row);
      if (!std::isfinite(*scale)) return bad_model("model.safetensors: a weight is beyond the largest float");
      for (size_t k = 0; k < of_scale; k += 2) {
        const int low = kernels::int4_of(group_of_row[k], *scale) + 8;
        const int high = kernels::int4_of(group_of_row[k + 1], *scale) + 8;
        q[(first + k) / 2] = static_cast<uint8_t>(low | high << 4);
      }
    }
  }
  *this = std::move(narrowed);
  return {};
}

Status StoredMatrix::transpose() {
  assert(dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16);
  StoredMatrix turned{.rows = columns, .columns = rows, .dtype = dtype, .values = {}, .scales = {}};
  LATFORMER_ASSIGN(turned.values, Buffer<std::byte>::allocate(volume({rows, columns, size_of(dtype)})));
  const auto transpose_to = dtype == DType::f32 ? transpose_bits<uint32_t> : transpose_bits<uint16_t>;
  transpose_to(rows, columns, values.data(), turned.values.data());
  *this = std::move(turned);
  return {};
}

}  // namespace latformer
