// The reference that every other table of micro-kernels is compared with: one value at a time, as the formulas say.
#include <algorithm>
#include <cmath>
#include <cstring>
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

// The weight of 4 bits that stands at k of a row, without its offset.
int32_t nibble(const uint8_t* row, size_t k) { return k % 2 == 0 ? row[k / 2] & 15 : row[k / 2] >> 4; }

void int4_product(const Int4Product& product, size_t first_block, size_t last_block) {
  const auto* x = static_cast<const int8_t*>(product.x);
  const size_t groups = product.in / product.group;
  for (size_t row = 0; row < product.rows; ++row, x += product.in) {
    for (size_t column = first_block; column < last_block; ++column) {
      const std::byte* w = product.weights + column * groups * (sizeof(float) + product.group / 2);
      float result = 0;
      for (size_t g = 0; g < groups; ++g, w += product.group / 2) {
        float scale;
        std::memcpy(&scale, w, sizeof(scale));
        w += sizeof(scale);
        int32_t sum = product.offsets[row * groups + g];
        for (size_t k = 0; k < product.group; ++k) {
          sum += x[g * product.group + k] * nibble(reinterpret_cast<const uint8_t*>(w), k);
        }
        const float part = static_cast<float>(sum) * scale;
        result = result + part;
      }
      const float scaled = result * product.scales[row];
      product.y[row * product.out + column] = scaled + product.bias[column];
    }
  }
}

void int4_dots(const Int4Dots& dots) {
  const auto* x = static_cast<const int8_t*>(dots.x);
  for (size_t row = 0; row < dots.rows; ++row) {
    float result = 0;
    for (size_t k = 0; k < dots.columns; ++k) {
      const int32_t weight = nibble(dots.matrix + row * dots.row_bytes, k) - 8;
      result += static_cast<float>(x[k] * weight) * dots.scales[(row * dots.columns + k) / dots.group];
    }
    dots.y[row] = result * dots.scale;
  }
}

float quantize_signed(size_t in, const float* x, void* result) {
  auto* q = static_cast<int8_t*>(result);
  float largest = 0;
  for (size_t k = 0; k < in; ++k) largest = std::abs(x[k]) > largest ? std::abs(x[k]) : largest;
  const float scale = scale_of_width(largest);
  const float inverse = 1.0F / scale;
  for (size_t k = 0; k < in; ++k) q[k] = static_cast<int8_t>(round_with_sign(x[k] * inverse));
  return scale;
}

void arrange_int4(size_t columns, const void* q, void* arranged, int32_t* offsets) {
  std::copy_n(static_cast<const int8_t*>(q), columns, static_cast<int8_t*>(arranged));
  std::fill_n(offsets, (columns + 1) / 2, 0);  // int4_dots takes weights with their offset here
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
                                     .int8_pairs = false,
                                     .activation_size = sizeof(uint8_t),
                                     .int8_product = int8_product,
                                     .int4_product = int4_product,
                                     .f32_dots = f32_dots,
                                     .int8_dots = int8_dots,
                                     .int4_dots = int4_dots,
                                     .softmax_multiple = 1,
                                     .softmax_row = softmax_row,
                                     .gelu = gelu,
                                     .tanh = tanh_row,
                                     .silu_multiply = silu_multiply,
                                     .add_rows = add_rows,
                                     .quantize_row = quantize_row,
                                     .quantize_signed = quantize_signed,
                                     .arranged_multiple = 2,
                                     .arrange_int4 = arrange_int4};

}  // namespace latformer::kernels
