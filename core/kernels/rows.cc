// Four lanes at a time; what is left of a row goes one by one in the same order in every call, so that a row's result
// never depends on the rows beside it.
#include "core/kernels/rows.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "core/kernels/simd.h"

namespace latformer::kernels {
namespace {

// Scale that turns a half's exponent and mantissa, put in a float's place, into its value: 2^(127 - 15).
constexpr uint32_t kHalfRescaleBits = (127U + 112U) << 23;

// y (d) += weight * x
void add_scaled(size_t d, float weight, const float* x, float* y) {
  size_t j = 0;
  for (; j + kLanes <= d; j += kLanes) store(load(y + j) + splat(weight) * load(x + j), y + j);
  for (; j < d; ++j) y[j] += weight * x[j];
}

}  // namespace

void layer_norm(size_t n, size_t d, const float* x, const float* residual, const float* gamma, const float* beta,
                float eps, float* y) {
  const float over_d = 1.0F / static_cast<float>(d);
  for (size_t i = 0; i < n; ++i, x += d, y += d) {
    // v = x + residual waits in y, where it may overwrite its own sources value by value.
    F32x4 sums = splat(0);
    float tail = 0;
    size_t j = 0;
    for (; j + kLanes <= d; j += kLanes) {
      F32x4 v = load(x + j);
      if (residual != nullptr) v += load(residual + j);
      store(v, y + j);
      sums += v;
    }
    for (; j < d; ++j) {
      y[j] = residual != nullptr ? x[j] + residual[j] : x[j];
      tail += y[j];
    }
    if (residual != nullptr) residual += d;
    const float mean = (sum(sums) + tail) * over_d;

    // A second pass over the deviations: exact where sum of squares minus square of sum would cancel.
    F32x4 squares = splat(0);
    tail = 0;
    for (j = 0; j + kLanes <= d; j += kLanes) {
      const F32x4 deviation = load(y + j) - splat(mean);
      squares += deviation * deviation;
    }
    for (; j < d; ++j) tail += (y[j] - mean) * (y[j] - mean);
    const float factor = 1.0F / std::sqrt((sum(squares) + tail) * over_d + eps);

    for (j = 0; j + kLanes <= d; j += kLanes) {
      store((load(y + j) - splat(mean)) * splat(factor) * load(gamma + j) + load(beta + j), y + j);
    }
    for (; j < d; ++j) y[j] = (y[j] - mean) * factor * gamma[j] + beta[j];
  }
}

void rms_norm(size_t n, size_t d, const float* x, const float* gamma, float eps, float* y) {
  const float over_d = 1.0F / static_cast<float>(d);
  for (size_t i = 0; i < n; ++i, x += d, y += d) {
    F32x4 squares = splat(0);
    float tail = 0;
    size_t j = 0;
    for (; j + kLanes <= d; j += kLanes) squares += load(x + j) * load(x + j);
    for (; j < d; ++j) tail += x[j] * x[j];
    const float factor = 1.0F / std::sqrt((sum(squares) + tail) * over_d + eps);
    for (j = 0; j + kLanes <= d; j += kLanes) store(load(x + j) * splat(factor) * load(gamma + j), y + j);
    for (; j < d; ++j) y[j] = x[j] * factor * gamma[j];
  }
}

void add_to_rows(size_t n, size_t d, const float* y, float* x) {
  size_t i = 0;
  for (; i + kLanes <= n * d; i += kLanes) store(load(x + i) + load(y + i), x + i);
  for (; i < n * d; ++i) x[i] += y[i];
}

void rotate(std::span<const uint32_t> positions, size_t heads, size_t head_size, size_t half, const float* cosines,
            const float* sines, float* x, size_t stride) {
  for (size_t i = 0; i < positions.size(); ++i) {
    const float* cosine = cosines + positions[i] * half;
    const float* sine = sines + positions[i] * half;
    for (size_t head = 0; head < heads; ++head) {
      float* a = x + i * stride + head * head_size;
      float* b = a + half;
      size_t j = 0;
      for (; j + kLanes <= half; j += kLanes) {
        const F32x4 turned = load(a + j) * load(cosine + j) - load(b + j) * load(sine + j);
        store(load(b + j) * load(cosine + j) + load(a + j) * load(sine + j), b + j);
        store(turned, a + j);
      }
      for (; j < half; ++j) {
        const float turned = a[j] * cosine[j] - b[j] * sine[j];
        b[j] = b[j] * cosine[j] + a[j] * sine[j];
        a[j] = turned;
      }
    }
  }
}

void gather_rows(std::span<const uint32_t> rows, size_t d, const float* x, size_t stride, float* y) {
  for (size_t i = 0; i < rows.size(); ++i) std::memcpy(y + i * d, x + rows[i] * stride, d * sizeof(float));
}

void weighted_row_sum(std::span<const uint32_t> rows, std::span<const float> weights, size_t d, const float* x,
                      size_t stride, float* y) {
  for (size_t j = 0; j < d; ++j) y[j] = 0;
  for (size_t i = 0; i < rows.size(); ++i) add_scaled(d, weights[i], x + rows[i] * stride, y);
}

void raise_scores(size_t n, size_t d, const float* x, const float* u, float* score) {
  for (size_t i = 0; i < n; ++i, x += d) {
    F32x4 sums = splat(0);
    float tail = 0;
    size_t j = 0;
    for (; j + kLanes <= d; j += kLanes) sums += load(x + j) * load(u + j);
    for (; j < d; ++j) tail += x[j] * u[j];
    score[i] *= std::exp(sum(sums) + tail);
  }
}

void widen_f16(size_t n, const uint16_t* x, float* y) {
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const U32x4 half = {x[i], x[i + 1], x[i + 2], x[i + 3]};
    const U32x4 sign = (half & 0x8000U) << 16;
    const U32x4 magnitude = (half & 0x7FFFU) << 13;
    // A product by a power of two is exact, subnormal halves included; infinity and NaN get their exponent back by
    // hand.
    const F32x4 scaled = bit_cast_vector<F32x4>(magnitude) * splat(std::bit_cast<float>(kHalfRescaleBits));
    const U32x4 special = bit_cast_vector<U32x4>(magnitude >= (0x7C00U << 13)) & 0x7F800000U;
    store(bit_cast_vector<F32x4>(bit_cast_vector<U32x4>(scaled) | special | sign), y + i);
  }
  scalar::widen_f16(n - i, x + i, y + i);
}

void widen_bf16(size_t n, const uint16_t* x, float* y) { scalar::widen_bf16(n, x, y); }

void widen_i8(size_t n, const int8_t* x, float scale, float* y) { scalar::widen_i8(n, x, scale, y); }

void widen_i4(size_t n, size_t group, const uint8_t* x, const float* scales, float* y) {
  scalar::widen_i4(n, group, x, scales, y);
}

}  // namespace latformer::kernels
