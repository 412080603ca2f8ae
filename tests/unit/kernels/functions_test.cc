// Every function of every table of micro-kernels against its scalar twin, ours and XNNPACK's alike.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "core/base/buffer.h"
#include "core/kernels/micro/table.h"
#include "tests/unit/kernels/name_of_kernels.h"

namespace latformer::kernels {
namespace {

constexpr size_t kMost = 520;

Buffer<float> random_values(size_t count, uint32_t seed, float spread) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0F, spread);
  Buffer<float> values = Buffer<float>::allocate(count).value();
  for (float& value : values.span()) value = normal(random);
  return values;
}

class FunctionsTest : public testing::TestWithParam<const MicroKernels*> {
 protected:
  // y (n) by both tables, in place, for a copy of x.
  template <class Call>
  void expect_near_twin(size_t n, const Buffer<float>& x, double tolerance, const Call& call) {
    Buffer<float> ours = Buffer<float>::allocate(n + 1).value();
    Buffer<float> twin = Buffer<float>::allocate(n).value();
    std::copy_n(x.data(), n, ours.data());
    std::copy_n(x.data(), n, twin.data());
    ours[n] = -7;
    call(*GetParam(), n, ours.data());
    call(kScalarKernels, n, twin.data());
    ASSERT_EQ(ours[n], -7) << "wrote past the end";
    for (size_t i = 0; i < n; ++i) {
      ASSERT_NEAR(ours[i], twin[i], tolerance * std::max(1.0F, std::abs(twin[i]))) << "value " << i << " of " << n;
    }
  }
};

TEST_P(FunctionsTest, SoftmaxAtEveryLength) {
  for (size_t n = GetParam()->softmax_multiple; n <= kMost; n += GetParam()->softmax_multiple) {
    for (const float spread : {0.01F, 1.0F, 10.0F}) {
      const Buffer<float> x = random_values(n, static_cast<uint32_t>(n), spread);
      expect_near_twin(n, x, 5e-7,
                       [](const MicroKernels& micro, size_t count, float* y) { micro.softmax_row(count, y); });
    }
  }
}

// What stands past the keys is minus infinity, and what lies far below the largest vanishes.
TEST_P(FunctionsTest, SoftmaxOfWhatVanishes) {
  const size_t step = GetParam()->softmax_multiple;
  for (size_t n = step; n <= 8 * step + 64 / step * step; n += step) {
    for (size_t there = 1; there <= n; there += 3) {
      Buffer<float> x = random_values(n, 3, 2.0F);
      for (size_t i = there; i < n; ++i) x[i] = -std::numeric_limits<float>::infinity();
      for (size_t i = 1; i < there; i += 4) x[i] = -90 - 30 * static_cast<float>(i);
      GetParam()->softmax_row(n, x.data());
      float sum = 0;
      for (size_t i = 0; i < there; ++i) sum += x[i];
      EXPECT_NEAR(sum, 1, 1e-6);
      for (size_t i = there; i < n; ++i) ASSERT_LT(x[i], 1e-30F);
      for (size_t i = 1; i < there; i += 4) ASSERT_TRUE(x[i] < 1e-30F && x[i] >= 0);
    }
  }
}

TEST_P(FunctionsTest, SoftmaxOfEqualAndOfLargeNumbers) {
  const size_t n = 32;
  for (const float value : {0.0F, 3e4F, -3e4F, 1e38F, -1e38F}) {
    Buffer<float> x = random_values(n, 1, 0);
    for (float& v : x.span()) v = value;
    GetParam()->softmax_row(n, x.data());
    for (const float v : x.span()) ASSERT_NEAR(v, 1.0F / n, 1e-7);
  }
}

TEST_P(FunctionsTest, TanhGeluAndSilu) {
  for (size_t n = 1; n <= 70; ++n) {
    const Buffer<float> x = random_values(n, static_cast<uint32_t>(n), 3.0F);
    expect_near_twin(n, x, 2e-6, [](const MicroKernels& micro, size_t count, float* y) { micro.tanh(count, y, y); });
    expect_near_twin(n, x, 2e-6, [](const MicroKernels& micro, size_t count, float* y) { micro.gelu(count, y, y); });
    expect_near_twin(n, x, 2e-6, [&](const MicroKernels& micro, size_t count, float* y) {
      micro.silu_multiply(count, y, x.data(), y);
    });
  }
}

TEST_P(FunctionsTest, AddRows) {
  for (size_t n = GetParam()->softmax_multiple; n <= 96; n += GetParam()->softmax_multiple) {
    const Buffer<float> rows = random_values(7 * n, 5, 1.0F);
    const Buffer<float> x = random_values(n, 6, 1.0F);
    expect_near_twin(n, x, 2e-6, [&](const MicroKernels& micro, size_t count, float* y) {
      micro.add_rows(7, count, rows.data(), y);
    });
  }
}

INSTANTIATE_TEST_SUITE_P(MicroKernels, FunctionsTest, testing::ValuesIn(available_micro_kernels()), NameOfKernels());

}  // namespace
}  // namespace latformer::kernels
