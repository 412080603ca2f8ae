// XNNPACK's operators through our wrappers, against plain double arithmetic at every small size and at BERT's own.
#include "core/kernels/operators.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "core/base/buffer.h"

namespace latformer::kernels {
namespace {

Buffer<float> random_values(size_t count, uint32_t seed, float spread = 1.0F) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0F, spread);
  Buffer<float> values = Buffer<float>::allocate(count).value();
  for (float& value : values.span()) value = normal(random);
  return values;
}

Buffer<float> filled(size_t count, float value) {
  Buffer<float> values = Buffer<float>::allocate(count).value();
  for (float& v : values.span()) v = value;
  return values;
}

class OperatorsTest : public testing::Test {
 protected:
  Threads threads_ = Threads::create(1).value();
};

TEST_F(OperatorsTest, ZeroRowsAreLegal) {
  EXPECT_TRUE(Softmax::create().value().run(threads_, 0, 5, nullptr, nullptr).ok());
  EXPECT_TRUE(BatchProduct::create(true).value().run(threads_, 2, 0, 3, 4, nullptr, nullptr, nullptr).ok());
  EXPECT_TRUE(Activation::create(Activation::Kind::gelu).value().run(threads_, 0, nullptr, nullptr).ok());
}

void expect_product(BatchProduct& product, const Threads& threads, bool transposed, size_t batch, size_t m, size_t k,
                    size_t n) {
  const Buffer<float> a = random_values(batch * m * k, 4);
  const Buffer<float> b = random_values(batch * k * n, 5);
  Buffer<float> c = filled(batch * m * n + 1, -7.0F);
  ASSERT_TRUE(product.run(threads, batch, m, k, n, a.data(), b.data(), c.data()).ok());
  for (size_t h = 0; h < batch; ++h) {
    for (size_t i = 0; i < m; ++i) {
      for (size_t j = 0; j < n; ++j) {
        double sum = 0;
        for (size_t p = 0; p < k; ++p) {
          const size_t at = transposed ? (h * n + j) * k + p : (h * k + p) * n + j;
          sum += static_cast<double>(a[(h * m + i) * k + p]) * b[at];
        }
        ASSERT_NEAR(c[(h * m + i) * n + j], sum, 1e-4) << batch << " x " << m << " x " << k << " x " << n;
      }
    }
  }
  EXPECT_EQ(c[batch * m * n], -7.0F) << "wrote past the end";
}

TEST_F(OperatorsTest, BatchProductAtEverySize) {
  for (const bool transposed : {false, true}) {
    BatchProduct product = BatchProduct::create(transposed).value();
    for (size_t size = 1; size <= 70; ++size) {
      expect_product(product, threads_, transposed, 3, size, 32, size);
      expect_product(product, threads_, transposed, 2, 5, size, 9);
      expect_product(product, threads_, transposed, 1 + size % 4, 1, 8, size);
    }
  }
}

TEST_F(OperatorsTest, SoftmaxAtEveryLength) {
  Softmax softmax = Softmax::create().value();
  for (size_t columns = 1; columns <= 70; ++columns) {
    const size_t rows = 1 + columns % 5;
    Buffer<float> x = random_values(rows * columns, 6, 5.0F);
    std::vector<double> expected;
    for (size_t i = 0; i < rows; ++i) {
      double largest = -std::numeric_limits<double>::infinity();
      double sum = 0;
      for (size_t j = 0; j < columns; ++j) largest = std::max<double>(largest, x[i * columns + j]);
      for (size_t j = 0; j < columns; ++j) sum += std::exp(x[i * columns + j] - largest);
      for (size_t j = 0; j < columns; ++j) expected.push_back(std::exp(x[i * columns + j] - largest) / sum);
    }
    ASSERT_TRUE(softmax.run(threads_, rows, columns, x.data(), x.data()).ok());  // in place
    for (size_t i = 0; i < rows * columns; ++i) ASSERT_NEAR(x[i], expected[i], 1e-6) << columns << " columns";
  }
}

TEST_F(OperatorsTest, SoftmaxKeepsRowsApart) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  Softmax softmax = Softmax::create().value();

  Buffer<float> single = random_values(9, 6, 100.0F);
  ASSERT_TRUE(softmax.run(threads_, 9, 1, single.data(), single.data()).ok());
  for (const float value : single.span()) EXPECT_EQ(value, 1.0F);

  // A row with NaN is NaN; its neighbours do not notice. A key at -infinity gets nothing.
  for (size_t columns = 2; columns <= 70; ++columns) {
    const Buffer<float> x = random_values(3 * columns, 6, 50.0F);
    Buffer<float> alone = filled(columns, 0);
    Buffer<float> y = filled(3 * columns, 0);
    for (size_t i = 0; i < 3 * columns; ++i) y[i] = x[i];
    y[columns / 2] = kNaN;
    y[2 * columns - 1] = -kInfinity;
    for (size_t j = 0; j < columns; ++j) alone[j] = y[columns + j];
    ASSERT_TRUE(softmax.run(threads_, 3, columns, y.data(), y.data()).ok());
    ASSERT_TRUE(softmax.run(threads_, 1, columns, alone.data(), alone.data()).ok());
    for (size_t j = 0; j < columns; ++j) {
      ASSERT_TRUE(std::isnan(y[j])) << columns << " columns";
      ASSERT_EQ(y[columns + j], alone[j]) << columns << " columns";
      ASSERT_TRUE(std::isfinite(y[2 * columns + j]));
    }
    EXPECT_EQ(alone[columns - 1], 0.0F);
  }
}

double activation_reference(Activation::Kind kind, double x) {
  switch (kind) {
    case Activation::Kind::gelu:
      return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
    case Activation::Kind::gelu_tanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
    case Activation::Kind::relu:
      return std::max(x, 0.0);
    case Activation::Kind::tanh:
      return std::tanh(x);
  }
  return 0;
}

TEST_F(OperatorsTest, ActivationsAtEveryLengthAndOverTheirRange) {
  using Kind = Activation::Kind;
  for (const Kind kind : {Kind::gelu, Kind::gelu_tanh, Kind::relu, Kind::tanh}) {
    Activation activation = Activation::create(kind).value();
    const auto expect = [&](Buffer<float> x) {
      const std::vector<float> before(x.span().begin(), x.span().end());
      ASSERT_TRUE(activation.run(threads_, x.size(), x.data(), x.data()).ok());
      for (size_t i = 0; i < before.size(); ++i) {
        const double expected = activation_reference(kind, before[i]);
        ASSERT_NEAR(x[i], expected, 2e-6 * std::max(1.0, std::abs(expected))) << "of " << before[i];
      }
    };
    for (size_t count = 1; count <= 70; ++count) expect(random_values(count, 7, 2.0F));
    Buffer<float> sweep = filled(40001, 0);
    for (size_t i = 0; i < sweep.size(); ++i) sweep[i] = -20.0F + 0.001F * static_cast<float>(i);
    expect(std::move(sweep));
  }
}

TEST_F(OperatorsTest, ActivationsOfAValueDoNotDependOnItsPlace) {
  using Kind = Activation::Kind;
  const Buffer<float> x = random_values(70, 7, 2.0F);
  for (const Kind kind : {Kind::gelu, Kind::gelu_tanh, Kind::relu, Kind::tanh}) {
    Activation activation = Activation::create(kind).value();
    Buffer<float> all = filled(70, 0);
    ASSERT_TRUE(activation.run(threads_, 70, x.data(), all.data()).ok());
    for (size_t count = 1; count < 70; ++count) {
      Buffer<float> some = filled(count + 1, -7.0F);
      ASSERT_TRUE(activation.run(threads_, count, x.data() + 70 - count, some.data()).ok());
      for (size_t i = 0; i < count; ++i) ASSERT_EQ(some[i], all[70 - count + i]) << count << " values";
      EXPECT_EQ(some[count], -7.0F) << "wrote past the end";
    }
  }
}

TEST_F(OperatorsTest, ActivationsOfWhatIsNotFinite) {
  using Kind = Activation::Kind;
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const Kind kind : {Kind::gelu, Kind::gelu_tanh, Kind::relu, Kind::tanh}) {
    Activation activation = Activation::create(kind).value();
    for (size_t count = 1; count <= 40; ++count) {
      Buffer<float> x = filled(count, 0.5F);
      x[count - 1] = std::numeric_limits<float>::quiet_NaN();
      ASSERT_TRUE(activation.run(threads_, count, x.data(), x.data()).ok());
      EXPECT_TRUE(std::isnan(x[count - 1])) << "kind " << static_cast<int>(kind) << ", " << count << " values";
      EXPECT_TRUE(count == 1 || std::isfinite(x[count - 2]));
    }
    Buffer<float> x = filled(2, kInfinity);
    ASSERT_TRUE(activation.run(threads_, 2, x.data(), x.data()).ok());
    EXPECT_EQ(x[0], kind == Kind::tanh ? 1.0F : kInfinity) << "kind " << static_cast<int>(kind);
  }
}

TEST_F(OperatorsTest, TwoThreadsGiveTheSame) {
  const Threads two = Threads::create(2).value();
  Activation gelu = Activation::create(Activation::Kind::gelu).value();
  const Buffer<float> x = random_values(9999, 8);
  Buffer<float> alone = filled(9999, 0);
  Buffer<float> together = filled(9999, 0);
  ASSERT_TRUE(gelu.run(threads_, 9999, x.data(), alone.data()).ok());
  ASSERT_TRUE(Activation::create(Activation::Kind::gelu).value().run(two, 9999, x.data(), together.data()).ok());
  for (size_t i = 0; i < 9999; ++i) ASSERT_EQ(alone[i], together[i]);
}

}  // namespace
}  // namespace latformer::kernels
