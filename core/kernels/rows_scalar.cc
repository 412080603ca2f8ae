// The plain twins: one loop for each sum of the formula, sums in double.
#include <bit>
#include <cmath>
#include <cstring>

#include "core/kernels/rows.h"

namespace latformer::kernels::scalar {

void layer_norm(size_t n, size_t d, const float* x, const float* residual, const float* gamma, const float* beta,
                float eps, float* y) {
  for (size_t i = 0; i < n; ++i) {
    const auto value = [&](size_t j) { return x[i * d + j] + (residual != nullptr ? residual[i * d + j] : 0.0F); };
    double mean = 0;
    for (size_t j = 0; j < d; ++j) mean += value(j);
    mean /= static_cast<double>(d);
    double variance = 0;
    for (size_t j = 0; j < d; ++j) variance += (value(j) - mean) * (value(j) - mean);
    variance /= static_cast<double>(d);
    const double factor = 1 / std::sqrt(variance + eps);
    for (size_t j = 0; j < d; ++j) {
      y[i * d + j] = static_cast<float>((value(j) - mean) * factor * gamma[j] + beta[j]);
    }
  }
}

void rms_norm(size_t n, size_t d, const float* x, const float* gamma, float eps, float* y) {
  for (size_t i = 0; i < n; ++i) {
    double squares = 0;
    for (size_t j = 0; j < d; ++j) squares += static_cast<double>(x[i * d + j]) * x[i * d + j];
    const double factor = 1 / std::sqrt(squares / static_cast<double>(d) + eps);
    for (size_t j = 0; j < d; ++j) y[i * d + j] = static_cast<float>(x[i * d + j] * factor * gamma[j]);
  }
}

void add_to_rows(size_t n, size_t d, const float* y, float* x) {
  for (size_t i = 0; i < n * d; ++i) x[i] += y[i];
}

void rotate(std::span<const uint32_t> positions, size_t heads, size_t head_size, size_t half, const float* cosines,
            const float* sines, float* x, size_t stride) {
  for (size_t i = 0; i < positions.size(); ++i) {
    for (size_t head = 0; head < heads; ++head) {
      for (size_t j = 0; j < half; ++j) {
        float* a = x + i * stride + head * head_size + j;
        float* b = a + half;
        const double cosine = cosines[positions[i] * half + j];
        const double sine = sines[positions[i] * half + j];
        const double turned = *a * cosine - *b * sine;
        *b = static_cast<float>(*b * cosine + *a * sine);
        *a = static_cast<float>(turned);
      }
    }
  }
}

void gather_rows(std::span<const uint32_t> rows, size_t d, const float* x, size_t stride, float* y) {
  for (size_t i = 0; i < rows.size(); ++i) {
    for (size_t j = 0; j < d; ++j) y[i * d + j] = x[rows[i] * stride + j];
  }
}

void weighted_row_sum(std::span<const uint32_t> rows, std::span<const float> weights, size_t d, const float* x,
                      size_t stride, float* y) {
  for (size_t j = 0; j < d; ++j) {
    double sum = 0;
    for (size_t i = 0; i < rows.size(); ++i) sum += static_cast<double>(weights[i]) * x[rows[i] * stride + j];
    y[j] = static_cast<float>(sum);
  }
}

void raise_scores(size_t n, size_t d, const float* x, const float* u, float* score) {
  for (size_t i = 0; i < n; ++i) {
    double product = 0;
    for (size_t j = 0; j < d; ++j) product += static_cast<double>(x[i * d + j]) * u[j];
    score[i] = static_cast<float>(score[i] * std::exp(product));
  }
}

void widen_f16(size_t n, const uint16_t* x, float* y) {
  for (size_t i = 0; i < n; ++i) {
    const uint32_t sign = static_cast<uint32_t>(x[i] & 0x8000U) << 16;
    const uint32_t exponent = (x[i] >> 10) & 0x1FU;
    const uint32_t mantissa = x[i] & 0x3FFU;
    if (exponent == 0) {  // zero and subnormal: mantissa * 2^-24
      y[i] = std::copysign(std::ldexp(static_cast<float>(mantissa), -24), std::bit_cast<float>(sign | 0x3F800000U));
    } else {
      const uint32_t wide = exponent == 31 ? 255 : exponent + 112;  // infinity and NaN stay what they are
      y[i] = std::bit_cast<float>(sign | (wide << 23) | (mantissa << 13));
    }
  }
}

void widen_bf16(size_t n, const uint16_t* x, float* y) {
  for (size_t i = 0; i < n; ++i) y[i] = std::bit_cast<float>(static_cast<uint32_t>(x[i]) << 16);
}

void widen_i8(size_t n, const int8_t* x, float scale, float* y) {
  for (size_t i = 0; i < n; ++i) y[i] = static_cast<float>(x[i]) * scale;
}

void widen_i4(size_t n, size_t group, const uint8_t* x, const float* scales, float* y) {
  for (size_t i = 0; i < n; i += group, ++scales) {
    for (size_t k = i; k < i + group; k += 2) {
      y[k] = static_cast<float>((x[k / 2] & 15) - 8) * *scales;
      y[k + 1] = static_cast<float>((x[k / 2] >> 4) - 8) * *scales;
    }
  }
}

}  // namespace latformer::kernels::scalar
