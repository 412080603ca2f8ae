// Linear layers of every instruction set that this machine has: f32 against double arithmetic, int8 to the last bit
// against the scalar reference, at every small size and at BERT's own.
#include "core/kernels/linear.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/base/buffer.h"
#include "core/kernels/int8_rows.h"
#include "tests/unit/kernels/name_of_kernels.h"

namespace latformer::kernels {
namespace {

Buffer<float> random_values(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0F, 1.0F);
  Buffer<float> values = Buffer<float>::allocate(count).value();
  for (float& value : values.span()) value = normal(random);
  return values;
}

// W (out, in) as floats and as int8, and a bias.
struct Weights {
  size_t in, out;
  Buffer<float> values;
  Buffer<int8_t> int8;
  Buffer<float> scales;
  Buffer<float> bias;

  Weights(size_t inputs, size_t outputs)
      : in(inputs),
        out(outputs),
        values(random_values(inputs * outputs, 2)),
        int8(Buffer<int8_t>::allocate(inputs * outputs).value()),
        scales(Buffer<float>::allocate(outputs).value()),
        bias(random_values(outputs, 3)) {
    for (size_t o = 0; o < out; ++o) {
      const std::span<const float> row = std::as_const(values).span().subspan(o * in, in);
      scales[o] = scale_of_row(row);
      quantize_row(row, scales[o], int8.data() + o * in);
    }
  }
  Linear f32(const MicroKernels& micro) const {
    return Linear::create(in, out, values.span(), bias.span(), micro).value();
  }
  Linear quantized(const MicroKernels& micro) const {
    return Linear::create(in, out, int8.span(), scales.span(), bias.span(), micro).value();
  }
};

// W (out, in) of 4 bits, and what it is as floats.
struct Int4WeightsOfTest {
  size_t in, out, group, row_bytes;
  std::vector<uint8_t> bytes;
  std::vector<float> scales;
  Buffer<float> bias;

  Int4WeightsOfTest(size_t inputs, size_t outputs, size_t of_group)
      : in(inputs),
        out(outputs),
        group(of_group),
        row_bytes((inputs + 7) / 8 * 4),
        bytes(outputs * row_bytes),
        bias(random_values(outputs, 3)) {
    std::mt19937 random(7);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    for (size_t i = 0; i < out * (in / group); ++i)
      scales.push_back(0.01F + 1e-4F * static_cast<float>(random() % 100));
  }
  Linear linear(const MicroKernels& micro) const {
    return Linear::create(in, out, {bytes.data(), row_bytes, scales.data(), group}, bias.span(), micro).value();
  }
  double weight(size_t o, size_t k) const {
    const uint8_t both = bytes[o * row_bytes + k / 2];
    return ((k % 2 == 0 ? both & 15 : both >> 4) - 8) * static_cast<double>(scales[(o * in + k) / group]);
  }
};

// With the kernels of one instruction set.
class LinearTest : public testing::TestWithParam<const MicroKernels*> {
 protected:
  std::vector<float> run(const Linear& linear, size_t rows, const float* x) { return run(threads_, linear, rows, x); }
  std::vector<float> run(const Threads& threads, const Linear& linear, size_t rows, const float* x) {
    std::vector<float> y(rows * linear.out() + 1, -7.0F);
    EXPECT_TRUE(linear.run(threads, rows, x, y.data(), workspace_).ok());
    EXPECT_EQ(y.back(), -7.0F) << "wrote past the end";
    y.pop_back();
    return y;
  }
  void expect_f32(size_t rows, size_t in, size_t out) {
    const Weights weights(in, out);
    const Buffer<float> x = random_values(rows * in, 1);
    const std::vector<float> y = run(weights.f32(*GetParam()), rows, x.data());
    const double tolerance = 8e-6 * std::sqrt(static_cast<double>(in));
    for (size_t i = 0; i < y.size(); ++i) {
      double sum = weights.bias[i % out];
      for (size_t k = 0; k < in; ++k) {
        sum += static_cast<double>(x[i / out * in + k]) * weights.values[i % out * in + k];
      }
      ASSERT_NEAR(y[i], sum, tolerance) << rows << " rows, " << in << " -> " << out << ", value " << i;
    }
  }
  void expect_int8(size_t rows, size_t in, size_t out) {
    const Weights weights(in, out);
    const Buffer<float> x = random_values(rows * in, 1);
    const std::vector<float> y = run(weights.quantized(*GetParam()), rows, x.data());
    const std::vector<float> reference = run(weights.quantized(kScalarKernels), rows, x.data());
    ASSERT_EQ(y, reference) << rows << " rows, " << in << " -> " << out;
  }

  void expect_int4(size_t rows, size_t in, size_t out, size_t group) {
    SCOPED_TRACE(std::to_string(rows) + " rows, " + std::to_string(in) + " -> " + std::to_string(out) +
                 " in groups of " + std::to_string(group));
    const Int4WeightsOfTest weights(in, out, group);
    const Buffer<float> x = random_values(rows * in, 1);
    const std::vector<float> y = run(weights.linear(*GetParam()), rows, x.data());
    ASSERT_EQ(y, run(weights.linear(kScalarKernels), rows, x.data()));
    double errors = 0;
    double squares = 0;
    for (size_t i = 0; i < y.size(); ++i) {
      double sum = weights.bias[i % out];
      for (size_t k = 0; k < in; ++k) sum += static_cast<double>(x[i / out * in + k]) * weights.weight(i % out, k);
      errors += std::pow(y[i] - sum, 2);
      squares += std::pow(sum, 2);
    }
    if (y.size() > 30) {
      EXPECT_LT(std::sqrt(errors / squares), 0.02);
    }
  }

  Threads threads_ = Threads::create(1).value();
  LinearWorkspace workspace_;
};

TEST_P(LinearTest, Int4AtManySizes) {
  ASSERT_TRUE(Linear::takes(8, *GetParam()) && Linear::takes(64, *GetParam()));
  ASSERT_FALSE(Linear::takes(0, *GetParam()));
  for (const size_t group : {8, 16, 24, 32, 64, 96, 128}) {
    for (size_t size = 1; size <= 70; size += 1 + group / 32) {
      expect_int4(1 + size % 9, group * (1 + size % 4), size, group);
      expect_int4(size, group, 19, group);
    }
  }
  expect_int4(1, 768, 3072, 64);
  expect_int4(5, 3072, 768, 64);
  expect_int4(2, 576, 576, 576);
}

// Sums of products in 16 bits must not overflow.
TEST_P(LinearTest, Int4SumsAreExactAtTheExtremes) {
  Int4WeightsOfTest weights(768, 40, 64);
  Buffer<float> x = random_values(3 * 768, 1);
  for (size_t k = 0; k < 768; ++k) {
    x[k] = 1;
    x[768 + k] = -1;
    x[2 * 768 + k] = k % 2 == 0 ? 1.0F : -1.0F;
  }
  for (const uint8_t byte : {0x00, 0xFF, 0xF0}) {
    std::fill(weights.bytes.begin(), weights.bytes.end(), byte);
    const std::vector<float> y = run(weights.linear(*GetParam()), 3, x.data());
    EXPECT_EQ(y, run(weights.linear(kScalarKernels), 3, x.data()));
    double sum = weights.bias[3];
    for (size_t k = 0; k < 768; ++k) sum += weights.weight(3, k);
    EXPECT_NEAR(y[3], sum, 1e-3 * std::abs(sum));
  }
}

TEST_P(LinearTest, Int4OfRowsThatAreZeroOrNoNumbers) {
  const Int4WeightsOfTest weights(64, 37, 32);
  Buffer<float> x = random_values(4 * 64, 1);
  const std::vector<float> before = run(weights.linear(*GetParam()), 4, x.data());
  for (size_t k = 0; k < 64; ++k) x[k] = 0;
  x[64 + 7] = std::numeric_limits<float>::quiet_NaN();
  x[2 * 64 + 63] = -std::numeric_limits<float>::infinity();
  const std::vector<float> after = run(weights.linear(*GetParam()), 4, x.data());
  for (size_t o = 0; o < 37; ++o) {
    EXPECT_EQ(after[o], weights.bias[o]);
    EXPECT_EQ(after[3 * 37 + o], before[3 * 37 + o]);
  }
}

TEST_P(LinearTest, AtEveryWidth) {
  for (size_t size = 1; size <= 70; ++size) {
    expect_f32(3, size, 17);
    expect_f32(3, 17, size);
    expect_f32(size, 19, 23);
    expect_int8(3, size, 17);
    expect_int8(3, 17, size);
    expect_int8(size, 19, 23);
    expect_int8(1 + size % 9, size, 71 - size);
  }
}

TEST_P(LinearTest, AtRealSizes) {
  const size_t sizes[][3] = {{5, 384, 1536}, {7, 768, 3072}, {2, 3072, 768}, {1, 768, 2}, {1, 384, 1153}};
  for (const auto& [rows, in, out] : sizes) {
    expect_f32(rows, in, out);
    expect_int8(rows, in, out);
  }
}

TEST_P(LinearTest, Int8IsCloseToF32) {
  const Weights weights(384, 65);
  const Buffer<float> x = random_values(9 * 384, 1);
  const std::vector<float> exact = run(weights.f32(*GetParam()), 9, x.data());
  const std::vector<float> rounded = run(weights.quantized(*GetParam()), 9, x.data());
  double errors = 0;
  double squares = 0;
  for (size_t i = 0; i < exact.size(); ++i) {
    errors += std::pow(exact[i] - rounded[i], 2);
    squares += std::pow(exact[i], 2);
  }
  EXPECT_LT(std::sqrt(errors / squares), 0.02);
}

// Activations at their extremes times weights at theirs: where sums of products could overflow.
TEST_P(LinearTest, Int8SumsAreExactAtTheExtremes) {
  constexpr size_t in = 3072;
  Weights weights(in, 40);
  Buffer<float> x = random_values(3 * in, 1);
  for (size_t k = 0; k < in; ++k) {
    x[k] = 1;
    x[in + k] = -1;
    x[2 * in + k] = k % 2 == 0 ? 1.0F : -1.0F;
    for (size_t o = 0; o < weights.out; ++o) {
      weights.int8[o * in + k] = static_cast<int8_t>((o + k * (o % 3)) % 2 == 0 ? 127 : -128);
    }
  }
  EXPECT_EQ(run(weights.quantized(*GetParam()), 3, x.data()), run(weights.quantized(kScalarKernels), 3, x.data()));
}

TEST_P(LinearTest, RowsOfZerosAndOfTheSmallestAndLargestNumbers) {
  const Weights weights(33, 5);
  Buffer<float> x = random_values(4 * 33, 1);
  for (size_t k = 0; k < 33; ++k) {
    x[k] = 0;
    x[33 + k] *= 1e-38F;
    x[66 + k] *= 1e+32F;
    x[99 + k] = std::abs(x[99 + k]);
  }
  const std::vector<float> y = run(weights.quantized(*GetParam()), 4, x.data());
  EXPECT_EQ(y, run(weights.quantized(kScalarKernels), 4, x.data()));
  for (size_t o = 0; o < 5; ++o) {
    EXPECT_EQ(y[o], weights.bias[o]);
    EXPECT_EQ(y[5 + o], weights.bias[o]);
    EXPECT_TRUE(std::isfinite(y[10 + o]));
  }
}

// Nothing useful can come of it, but nothing else may happen either.
TEST_P(LinearTest, WhatIsNoNumberHarmsOnlyItsRow) {
  const Weights weights(50, 37);
  Buffer<float> x = random_values(8 * 50, 1);
  const std::vector<float> before = run(weights.quantized(*GetParam()), 8, x.data());
  x[3 * 50 + 7] = std::numeric_limits<float>::quiet_NaN();
  x[5 * 50 + 9] = std::numeric_limits<float>::infinity();
  x[6 * 50 + 49] = -std::numeric_limits<float>::infinity();
  const std::vector<float> after = run(weights.quantized(*GetParam()), 8, x.data());
  for (const size_t row : {0, 1, 2, 4, 7}) {
    for (size_t o = 0; o < 37; ++o) EXPECT_EQ(after[row * 37 + o], before[row * 37 + o]);
  }
}

// What packed batches rest on: a text's rows come out the same, to the last bit, alone and among others.
TEST_P(LinearTest, GivesARowTheSameWhateverStandsBesideIt) {
  const std::pair<size_t, size_t> shapes[] = {{96, 80}, {97, 1}, {64, 2}, {33, 3}, {384, 31}, {50, 33}, {768, 65}};
  for (const auto& [in, out] : shapes) {
    const Weights weights(in, out);
    const Linear layers[] = {weights.f32(*GetParam()), weights.quantized(*GetParam())};
    const Buffer<float> x = random_values(70 * in, 1);
    for (const Linear& linear : layers) {
      const std::vector<float> all = run(linear, 70, x.data());
      for (size_t rows = 1; rows < 70; ++rows) {
        for (const size_t first : {size_t{0}, 70 - rows}) {
          const std::vector<float> some = run(linear, rows, x.data() + first * in);
          const std::vector<float> same(all.begin() + static_cast<ptrdiff_t>(first * out),
                                        all.begin() + static_cast<ptrdiff_t>((first + rows) * out));
          ASSERT_EQ(some, same) << in << " -> " << out << ", " << rows << " rows from " << first;
        }
      }
    }
  }
}

TEST_P(LinearTest, ThreadsChangeNothing) {
  const Threads three = Threads::create(3).value();
  const Weights weights(384, 1153);
  const Linear layers[] = {weights.f32(*GetParam()), weights.quantized(*GetParam()),
                           Int4WeightsOfTest(384, 1153, 64).linear(*GetParam())};
  const Buffer<float> x = random_values(300 * 384, 1);
  for (const Linear& linear : layers) {
    for (const size_t rows : {1, 2, 7, 64, 300}) {
      ASSERT_EQ(run(three, linear, rows, x.data()), run(linear, rows, x.data())) << rows << " rows";
    }
  }
}

TEST_P(LinearTest, ZeroRowsAreLegal) {
  const Weights weights(3, 4);
  EXPECT_TRUE(weights.f32(*GetParam()).run(threads_, 0, nullptr, nullptr, workspace_).ok());
  EXPECT_TRUE(weights.quantized(*GetParam()).run(threads_, 0, nullptr, nullptr, workspace_).ok());
}

INSTANTIATE_TEST_SUITE_P(MicroKernels, LinearTest, testing::ValuesIn(available_micro_kernels()), NameOfKernels());

TEST(Linear, RefusesInt8SumsThatMightOverflow) {
  const std::vector<int8_t> values(200'000);
  const std::vector<float> one(1);
  EXPECT_EQ(Linear::create(200'000, 1, values, one, one).status().code(), ErrorCode::unsupported_model);
}

}  // namespace
}  // namespace latformer::kernels
