// The reference that every other table of micro-kernels is compared with: one value at a time, as the formulas say.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/kernels/micro/quantize.h"
#include "core/kernels/micro/table.h"

namespace latformer::kernels {
namespace {

constexpr size_t kColumns = 1;  // a block is one row of W, as Hugging Face stores it

void f32_product(const F32Product& product, size_t first_block, size_t last_block) {
  for (size_t row = 0; row < product.rows; ++row) {
    const float* x = product.x + (product.x_rows != nullptr ? product.x_rows[row] : row) * product.x_stride;
    for (size_t column = first_block; column < last_block; ++column) {
      const float* w = product.weights + column * product.block_stride;
      float sum = product.bias != nullptr ? product.bias[column] : 0;
      for (size_t k = 0; k < product.in; ++k) sum += x[k] * w[k * product.k_stride];
      product.y[row * product.y_stride + column] = sum;
    }
  }
}

void int8_product(const Int8Product& product, size_t first_block, size_t last_block) {
  const auto* x = static_cast<const uint8_t*>(product.x);
  const size_t in = product.in_padded;
  for (size_t row = 0; row < product.rows; ++row) {
    const RowScale& scale = product.scales[row];
    for (size_t column = first_block; column < last_block; ++column) {
      int32_t sum = 0;
      for (size_t k = 0; k < in; ++k) sum += x[row * in + k] * product.weights[column * in + k];
      sum -= scale.zero * product.column_sums[column];
      const float scaled = static_cast<float>(sum) * scale.scale;
      const float part = scaled * product.column_scales[column];
      product.y[row * product.out + column] = part + product.bias[column];
    }
  }
}

void f32_dots(const F32Dots& dots) {
  for (size_t row = 0; row < dots.rows; ++row) {
    float sum = 0;
    for (size_t k = 0; k < dots.columns; ++k) sum += dots.matrix[row * dots.columns + k] * dots.x[k];
    dots.y[row] = sum;
  }
}

void int8_dots(const Int8Dots& dots) {
  const auto* x = static_cast<const uint8_t*>(dots.x);
  for (size_t row = 0; row < dots.rows; ++row) {
    int32_t sum = -dots.scale.zero * dots.sums[row];
    for (size_t k = 0; k < dots.columns; ++k) sum += x[k] * dots.matrix[row * dots.columns + k];
    const float scaled = static_cast<float>(sum) * dots.scale.scale;
    dots.y[row] = scaled * dots.scales[row];
  }
}

void softmax_row(size_t n, float* x) {
  float largest = x[0];
  for (size_t j = 0; j < n; ++j) largest = std::max(largest, x[j]);
  float sum = 0;
  for (size_t j = 0; j < n; ++j) sum += x[j] = std::exp(x[j] - largest);
  for (size_t j = 0; j < n; ++j) x[j] /= sum;
}

void gelu(size_t n, const float* x, float* y) {
  for (size_t i = 0; i < n; ++i) y[i] = 0.5F * x[i] * (1 + std::erf(x[i] / std::numbers::sqrt2_v<float>));
}

void tanh_row(size_t n, const float* x, float* y) {
  for (size_t i = 0; i < n; ++i) y[i] = std::tanh(x[i]);
}

void silu_multiply(size_t n, const float* x, const float* factor, float* y) {
  for (size_t i = 0; i < n; ++i) y[i] = x[i] / (1 + std::exp(-x[i])) * factor[i];
}

void add_rows(size_t rows, size_t n, const float* x, float* sums) {
  for (size_t row = 0; row < rows; ++row) {
    for (size_t j = 0; j < n; ++j) sums[j] += x[row * n + j];
  }
}

RowScale quantize_row(size_t in, size_t in_padded, const float* x, void* result) {
  auto* q = static_cast<uint8_t*>(result);
  float low = 0;
  float high = 0;
  for (size_t k = 0; k < in; ++k) {
    low = x[k] < low ? x[k] : low;
    high = x[k] > high ? x[k] : high;
  }
  const RowScale row = row_scale_of(low, high);
  const float inverse = 1.0F / row.scale;
  const float offset = static_cast<float>(row.zero) + kRound;
  for (size_t k = 0; k < in_padded; ++k) {
    const float scaled = k < in ? x[k] * inverse : 0;
    q[k] = k < in ? static_cast<uint8_t>(round_to_level(scaled, offset)) : 0;
  }
  return row;
}

}  // namespace

const MicroKernels kScalarKernels = {.name = "scalar",
                                     .fetches_ahead = false,
                                     .f32_columns = kColumns,
                                     .f32_product = f32_product,
                                     .int8_columns = kColumns,
                                     .int8_group = 1,
                                     .int8_step = 1,
                                     .activation_size = sizeof(uint8_t),
                                     .int8_product = int8_product,
                                     .f32_dots = f32_dots,
                                     .int8_dots = int8_dots,
                                     .softmax_multiple = 1,
                                     .softmax_row = softmax_row,
                                     .gelu = gelu,
                                     .tanh = tanh_row,
                                     .silu_multiply = silu_multiply,
                                     .add_rows = add_rows,
                                     .quantize_row = quantize_row};

}  // namespace latformer::kernels
