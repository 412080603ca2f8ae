// Our own kernels against their scalar twins at every length from 1 to 70.
#include "core/kernels/rows.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace latformer::kernels {
namespace {

constexpr size_t kLongest = 70;

std::vector<float> random_values(size_t count, uint32_t seed, float mean = 0.0F) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(mean, 1.0F);
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

void expect_near(const std::vector<float>& actual, const std::vector<float>& expected, double tolerance, size_t size) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) ASSERT_NEAR(actual[i], expected[i], tolerance) << "size " << size;
}

TEST(RowsTest, LayerNorm) {
  for (size_t d = 1; d <= kLongest; ++d) {
    const size_t n = 1 + d % 4;
    const std::vector<float> x = random_values(n * d, 1, 3.0F);
    const std::vector<float> residual = random_values(n * d, 2);
    const std::vector<float> gamma = random_values(d, 3);
    const std::vector<float> beta = random_values(d, 4);
    for (const float* r : {residual.data(), static_cast<const float*>(nullptr)}) {
      std::vector<float> expected(n * d);
      scalar::layer_norm(n, d, x.data(), r, gamma.data(), beta.data(), 1e-5F, expected.data());
      std::vector<float> actual(n * d);
      layer_norm(n, d, x.data(), r, gamma.data(), beta.data(), 1e-5F, actual.data());
      expect_near(actual, expected, 2e-4, d);
      std::vector<float> in_place = x;
      layer_norm(n, d, in_place.data(), r, gamma.data(), beta.data(), 1e-5F, in_place.data());
      EXPECT_EQ(in_place, actual);
    }
    std::vector<float> over_residual = residual;
    layer_norm(n, d, x.data(), over_residual.data(), gamma.data(), beta.data(), 1e-5F, over_residual.data());
    std::vector<float> apart(n * d);
    layer_norm(n, d, x.data(), residual.data(), gamma.data(), beta.data(), 1e-5F, apart.data());
    EXPECT_EQ(over_residual, apart);
  }
}

TEST(RowsTest, RmsNorm) {
  for (size_t d = 1; d <= kLongest; ++d) {
    const size_t n = 1 + d % 4;
    const std::vector<float> x = random_values(n * d, 1, 3.0F);
    const std::vector<float> gamma = random_values(d, 3);
    std::vector<float> expected(n * d);
    scalar::rms_norm(n, d, x.data(), gamma.data(), 1e-5F, expected.data());
    std::vector<float> actual(n * d);
    rms_norm(n, d, x.data(), gamma.data(), 1e-5F, actual.data());
    expect_near(actual, expected, 2e-6, d);
    std::vector<float> in_place = x;
    rms_norm(n, d, in_place.data(), gamma.data(), 1e-5F, in_place.data());
    EXPECT_EQ(in_place, actual);
  }
}

TEST(RowsTest, AddToRows) {
  for (size_t d = 1; d <= kLongest; ++d) {
    const std::vector<float> y = random_values(3 * d, 2);
    std::vector<float> expected = random_values(3 * d, 1);
    std::vector<float> actual = expected;
    scalar::add_to_rows(3, d, y.data(), expected.data());
    add_to_rows(3, d, y.data(), actual.data());
    EXPECT_EQ(actual, expected);
  }
}

TEST(RowsTest, Rotate) {
  for (size_t half = 1; half <= 35; ++half) {
    const size_t head_size = 2 * half + half % 3;
    const size_t stride = 3 * head_size + half % 5;
    const std::vector<uint32_t> positions = {0, 4, 5, 9};
    std::vector<float> cosines;
    std::vector<float> sines;
    for (size_t i = 0; i < 10 * half; ++i) {
      cosines.push_back(std::cos(0.1F * static_cast<float>(i)));
      sines.push_back(std::sin(0.1F * static_cast<float>(i)));
    }
    std::vector<float> expected = random_values(positions.size() * stride, 1);
    const std::vector<float> before = expected;
    std::vector<float> actual = expected;
    scalar::rotate(positions, 3, head_size, half, cosines.data(), sines.data(), expected.data(), stride);
    rotate(positions, 3, head_size, half, cosines.data(), sines.data(), actual.data(), stride);
    expect_near(actual, expected, 1e-6, half);
    EXPECT_EQ(actual[2 * half - 1], before[2 * half - 1] * cosines[half - 1] + before[half - 1] * sines[half - 1]);
    for (size_t j = 3 * head_size; j < stride; ++j) EXPECT_EQ(actual[j], before[j]);
  }
}

TEST(RowsTest, RaiseScores) {
  for (size_t d = 1; d <= kLongest; ++d) {
    const size_t n = 1 + d % 4;
    const std::vector<float> x = random_values(n * d, 1);
    std::vector<float> u = random_values(d, 2);
    for (float& value : u) value /= static_cast<float>(d);
    std::vector<float> expected(n, 0.5F);
    scalar::raise_scores(n, d, x.data(), u.data(), expected.data());
    std::vector<float> actual(n, 0.5F);
    raise_scores(n, d, x.data(), u.data(), actual.data());
    expect_near(actual, expected, 1e-5, d);
  }
}

TEST(RowsTest, LayerNormKeepsItsPrecisionFarFromZero) {
  constexpr size_t kWidth = 384;
  const std::vector<float> x = random_values(kWidth, 5, 1000.0F);
  const std::vector<float> gamma(kWidth, 1.0F);
  const std::vector<float> beta(kWidth, 0.0F);
  std::vector<float> expected(kWidth);
  std::vector<float> actual(kWidth);
  scalar::layer_norm(1, kWidth, x.data(), nullptr, gamma.data(), beta.data(), 1e-12F, expected.data());
  layer_norm(1, kWidth, x.data(), nullptr, gamma.data(), beta.data(), 1e-12F, actual.data());
  expect_near(actual, expected, 1e-3, kWidth);
}

TEST(RowsTest, LayerNormOfARowDoesNotDependOnItsNeighbours) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (size_t d = 1; d <= kLongest; ++d) {
    std::vector<float> x = random_values(3 * d, 1);
    const std::vector<float> gamma = random_values(d, 3);
    const std::vector<float> beta = random_values(d, 4);
    x[d / 2] = nan;  // in the first row
    std::vector<float> all(3 * d);
    layer_norm(3, d, x.data(), nullptr, gamma.data(), beta.data(), 1e-5F, all.data());
    std::vector<float> last(d);
    layer_norm(1, d, x.data() + 2 * d, nullptr, gamma.data(), beta.data(), 1e-5F, last.data());
    EXPECT_EQ(last, std::vector<float>(all.begin() + static_cast<ptrdiff_t>(2 * d), all.end()));
    for (size_t j = 0; j < d; ++j) {
      ASSERT_TRUE(std::isnan(all[j]));
      ASSERT_TRUE(std::isfinite(all[d + j]));
    }
  }
}

TEST(RowsTest, GatherAndWeightedSum) {
  for (size_t d = 1; d <= kLongest; ++d) {
    const size_t stride = d + d % 3;
    const std::vector<float> x = random_values(9 * stride, 7);
    const std::vector<uint32_t> rows = {0, 2, 3, 7, 8};
    const std::vector<float> weights = {0.1F, 0.2F, 0.3F, 0.15F, 0.25F};
    std::vector<float> expected(rows.size() * d);
    std::vector<float> actual(rows.size() * d);
    scalar::gather_rows(rows, d, x.data(), stride, expected.data());
    gather_rows(rows, d, x.data(), stride, actual.data());
    EXPECT_EQ(actual, expected);
    std::vector<float> expected_sum(d);
    std::vector<float> actual_sum(d);
    scalar::weighted_row_sum(rows, weights, d, x.data(), stride, expected_sum.data());
    weighted_row_sum(rows, weights, d, x.data(), stride, actual_sum.data());
    expect_near(actual_sum, expected_sum, 1e-6, d);
  }
}

TEST(RowsTest, EveryHalfIsWidenedExactly) {
  std::vector<uint16_t> halves(65536);
  for (size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<uint16_t>(i);
  std::vector<float> expected(halves.size());
  std::vector<float> actual(halves.size());
  scalar::widen_f16(halves.size(), halves.data(), expected.data());
  widen_f16(halves.size(), halves.data(), actual.data());
  for (size_t i = 0; i < halves.size(); ++i) {
    ASSERT_EQ(std::bit_cast<uint32_t>(actual[i]), std::bit_cast<uint32_t>(expected[i])) << "half " << i;
  }
  EXPECT_EQ(actual[0x3C00], 1.0F);
  EXPECT_EQ(actual[0xC000], -2.0F);
  EXPECT_EQ(actual[0x0001], std::ldexp(1.0F, -24));
  EXPECT_EQ(actual[0x7BFF], 65504.0F);
  EXPECT_EQ(actual[0x7C00], std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(actual[0x7E00]));
  EXPECT_TRUE(std::signbit(actual[0x8000]));
}

TEST(RowsTest, WideningAtEveryLength) {
  const std::vector<uint16_t> words = {0x3F80, 0xC000, 0x7C00, 0x0001, 0x4049};
  for (size_t n = 0; n <= kLongest; ++n) {
    std::vector<uint16_t> x(n);
    std::vector<int8_t> bytes(n);
    for (size_t i = 0; i < n; ++i) {
      x[i] = words[i % words.size()];
      bytes[i] = static_cast<int8_t>(i * 37 + 128);
    }
    std::vector<float> expected(n);
    std::vector<float> actual(n);
    scalar::widen_f16(n, x.data(), expected.data());
    widen_f16(n, x.data(), actual.data());
    EXPECT_EQ(actual, expected);
    scalar::widen_bf16(n, x.data(), expected.data());
    widen_bf16(n, x.data(), actual.data());
    EXPECT_EQ(actual, expected);
    scalar::widen_i8(n, bytes.data(), 0.25F, expected.data());
    widen_i8(n, bytes.data(), 0.25F, actual.data());
    EXPECT_EQ(actual, expected);
  }
}

TEST(RowsTest, WidensFourBits) {
  const std::vector<uint8_t> x = {0x80, 0xF7, 0x19, 0x88, 0x00, 0xFF};
  const std::vector<float> scales = {2, 0.5F, 1};
  std::vector<float> y(12);
  widen_i4(12, 4, x.data(), scales.data(), y.data());
  EXPECT_EQ(y, (std::vector<float>{-16, 0, -2, 14, 0.5F, -3.5F, 0, 0, -8, -8, 7, 7}));
  scalar::widen_i4(12, 12, x.data(), scales.data(), y.data());
  EXPECT_EQ(y, (std::vector<float>{-16, 0, -2, 14, 2, -14, 0, 0, -16, -16, 14, 14}));
}

TEST(RowsTest, ZeroRowsAreLegal) {
  layer_norm(0, 8, nullptr, nullptr, nullptr, nullptr, 1e-5F, nullptr);
  gather_rows({}, 8, nullptr, 8, nullptr);
}

}  // namespace
}  // namespace latformer::kernels
