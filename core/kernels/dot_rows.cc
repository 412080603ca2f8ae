#include "core/kernels/dot_rows.h"

#include <pthreadpool.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "core/kernels/rows.h"
#include "core/kernels/simd.h"

namespace latformer::kernels {
namespace {

constexpr size_t kPart = 256;  // values that are widened at a time
constexpr size_t kRowsOfTask = 64;
constexpr size_t kMinDotBytesToShare = size_t{512} << 10;  // of the matrix: less is done before a thread wakes up

// Calls use(values, first column, count) for all values of a row, widened.
template <class Use>
void widen_parts(const MatrixRows& matrix, size_t row, const Use& use) {
  std::array<float, kPart> wide;
  const std::byte* x = matrix.values + row * matrix.row_bytes;
  const size_t group = matrix.type == MatrixRows::Type::int4 ? matrix.group : matrix.columns;
  for (size_t first = 0; first < matrix.columns; first += group) {
    for (size_t k = first; k < first + group; k += kPart) {
      const size_t count = std::min(kPart, first + group - k);
      switch (matrix.type) {
        case MatrixRows::Type::f32:
          use(reinterpret_cast<const float*>(x) + k, k, count);
          continue;
        case MatrixRows::Type::f16:
          widen_f16(count, reinterpret_cast<const uint16_t*>(x) + k, wide.data());
          break;
        case MatrixRows::Type::bf16:
          widen_bf16(count, reinterpret_cast<const uint16_t*>(x) + k, wide.data());
          break;
        case MatrixRows::Type::int8:
          widen_i8(count, reinterpret_cast<const int8_t*>(x) + k, matrix.scales[row], wide.data());
          break;
        case MatrixRows::Type::int4: {
          const float* scale = matrix.scales + row * (matrix.columns / group) + first / group;
          widen_i4(count, count, reinterpret_cast<const uint8_t*>(x) + k / 2, scale, wide.data());
        }
      }
      use(wide.data(), k, count);
    }
  }
}

float dot_row(const MatrixRows& matrix, size_t row, const float* x) {
  F32x4 sums[4] = {};
  float tail = 0;
  widen_parts(matrix, row, [&](const float* values, size_t first, size_t count) {
    const float* factors = x + first;
    size_t k = 0;
    for (; k + 4 * kLanes <= count; k += 4 * kLanes) {
      for (size_t i = 0; i < 4; ++i) sums[i] += load(values + k + i * kLanes) * load(factors + k + i * kLanes);
    }
    for (; k < count; ++k) tail += values[k] * factors[k];
  });
  return sum((sums[0] + sums[1]) + (sums[2] + sums[3])) + tail;
}

struct DotCall {
  const MatrixRows& matrix;
  const MicroKernels& micro;
  const float* x;
  const std::byte* quantized;  // null: x is used as it is
  const int32_t* offsets;      // of `quantized`, for int4
  RowScale scale;              // likewise
  float* y;

  // Of rows [first, first + count).
  void run(size_t first, size_t count) const {
    const std::byte* values = matrix.values + first * matrix.row_bytes;
    if (matrix.type == MatrixRows::Type::int8 && quantized != nullptr) {
      return micro.int8_dots({.rows = count,
                              .columns = matrix.columns,
                              .matrix = reinterpret_cast<const int8_t*>(values),
                              .scales = matrix.scales + first,
                              .sums = matrix.sums + first,
                              .x = quantized,
                              .scale = scale,
                              .y = y + first});
    }
    if (matrix.type == MatrixRows::Type::int4 && quantized != nullptr) {
      return micro.int4_dots({.rows = count,
                              .columns = matrix.columns,
                              .group = matrix.group,
                              .matrix = reinterpret_cast<const uint8_t*>(values),
                              .row_bytes = matrix.row_bytes,
                              .scales = matrix.scales + first * (matrix.columns / matrix.group),
                              .x = quantized,
                              .offsets = offsets,
                              .scale = scale.scale,
                              .y = y + first});
    }
    if (matrix.type == MatrixRows::Type::f32) {
      return micro.f32_dots({.rows = count,
                             .columns = matrix.columns,
                             .matrix = reinterpret_cast<const float*>(values),
                             .x = x,
                             .y = y + first});
    }
    for (size_t row = first; row < first + count; ++row) y[row] = dot_row(matrix, row, x);
  }

  // Rounds x for integers.
  Status quantize(LinearWorkspace& workspace) {
    const size_t columns = matrix.columns;
    if (matrix.type == MatrixRows::Type::int8 && matrix.sums != nullptr) {
      LATFORMER_TRY(workspace.rows.reserve(columns * micro.activation_size));
      quantized = workspace.rows.data();
      scale = micro.quantize_row(columns, columns, x, workspace.rows.data());
    }
    if (matrix.type == MatrixRows::Type::int4 && matrix.group % (2 * micro.int8_group) == 0) {
      const size_t padded = (columns + micro.arranged_multiple - 1) / micro.arranged_multiple * micro.arranged_multiple;
      LATFORMER_TRY(workspace.rows.reserve((columns + padded) * micro.activation_size));
      LATFORMER_TRY(workspace.offsets.reserve(padded / (2 * micro.int8_group)));
      std::byte* arranged = workspace.rows.data();
      std::byte* rounded = arranged + padded * micro.activation_size;
      scale = {.scale = micro.quantize_signed(columns, x, rounded), .zero = 0};
      micro.arrange_int4(columns, rounded, arranged, workspace.offsets.data());
      quantized = arranged;
      offsets = workspace.offsets.data();
    }
    return {};
  }
};

}  // namespace

Result<Buffer<int32_t>> sums_of_rows(const MatrixRows& matrix) {
  LATFORMER_ASSIGN(Buffer<int32_t> sums, Buffer<int32_t>::allocate(matrix.rows));
  const auto* values = reinterpret_cast<const int8_t*>(matrix.values);
  for (size_t row = 0; row < matrix.rows; ++row, values += matrix.columns) {
    sums[row] = std::accumulate(values, values + matrix.columns, int32_t{0});
  }
  return sums;
}

Status dot_rows(const Threads& threads, Precision precision, const MatrixRows& matrix, const float* x, float* y,
                LinearWorkspace& workspace, const MicroKernels& micro) {
  DotCall call{.matrix = matrix, .micro = micro, .x = x, .quantized = nullptr, .offsets = nullptr, .scale = {}, .y = y};
  if (precision != Precision::f32) LATFORMER_TRY(call.quantize(workspace));
  pthreadpool_parallelize_1d_tile_1d(
      matrix.rows * matrix.row_bytes < kMinDotBytesToShare ? nullptr : threads.pool(),
      [](void* context, size_t first, size_t count) { static_cast<const DotCall*>(context)->run(first, count); }, &call,
      matrix.rows, kRowsOfTask, 0);
  return {};
}

namespace scalar {

void dot_rows(const MatrixRows& matrix, const float* x, float* y) {
  for (size_t row = 0; row < matrix.rows; ++row) {
    double sum = 0;
    widen_parts(matrix, row, [&](const float* values, size_t first, size_t count) {
      for (size_t k = 0; k < count; ++k) sum += static_cast<double>(values[k]) * x[first + k];
    });
    y[row] = static_cast<float>(sum);
  }
}

}  // namespace scalar
}  // namespace latformer::kernels
