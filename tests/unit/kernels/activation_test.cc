// Activations of every instruction set against double arithmetic.
#include "core/kernels/activation.h"

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

class ActivationTest : public testing::Test {
 protected:
  Threads threads_ = Threads::create(1).value();
};

TEST_F(ActivationTest, ZeroRowsAreLegal) {
  EXPECT_TRUE(Activation::create(Activation::Kind::gelu).value().run(threads_, 0, nullptr, nullptr).ok());
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

// Each kind with each table of kernels.
std::vector<Activation> activations_of(Activation::Kind kind) {
  std::vector<Activation> activations;
  for (const MicroKernels* micro : available_micro_kernels()) {
    activations.push_back(Activation::create(kind, *micro).value());
  }
  return activations;
}

TEST_F(ActivationTest, ActivationsAtEveryLengthAndOverTheirRange) {
  using Kind = Activation::Kind;
  for (const Kind kind : {Kind::gelu, Kind::gelu_tanh, Kind::relu, Kind::tanh}) {
    for (Activation& activation : activations_of(kind)) {
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
}

TEST_F(ActivationTest, ActivationsOfAValueDoNotDependOnItsPlace) {
  using Kind = Activation::Kind;
  const Buffer<float> x = random_values(70, 7, 2.0F);
  for (const Kind kind : {Kind::gelu, Kind::gelu_tanh, Kind::relu, Kind::tanh}) {
    for (Activation& activation : activations_of(kind)) {
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
}

TEST_F(ActivationTest, ActivationsOfWhatIsNotFinite) {
  using Kind = Activation::Kind;
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const Kind kind : {Kind::gelu, Kind::gelu_tanh, Kind::relu, Kind::tanh}) {
    for (Activation& activation : activations_of(kind)) {
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
}

TEST_F(ActivationTest, SiluMultiplyOfTwoThreadsIsTheSame) {
  const Threads two = Threads::create(2).value();
  const size_t n = 3;
  for (const size_t d : {1, 15, 64, 5000}) {
    const Buffer<float> x = random_values(n * 2 * d, 7, 4.0F);
    std::vector<float> alone(n * d), together(n * d);
    silu_multiply(threads_, n, d, x.data(), x.data() + d, 2 * d, alone.data(), micro_kernels());
    silu_multiply(two, n, d, x.data(), x.data() + d, 2 * d, together.data(), micro_kernels());
    EXPECT_EQ(together, alone) << d;
  }
}

TEST_F(ActivationTest, SiluMultiply) {
  for (const MicroKernels* micro : available_micro_kernels()) {
    for (const size_t d : {1, 2, 3, 5, 8, 15, 17, 31, 64, 70, 1536, 5000}) {
      const size_t n = 3;
      const size_t stride = 2 * d + 1;
      const Buffer<float> x = random_values(n * stride, 7, 4.0F);
      std::vector<float> y(n * d + 1, -7.0F);
      silu_multiply(threads_, n, d, x.data(), x.data() + d, stride, y.data(), *micro);
      ASSERT_EQ(y.back(), -7.0F) << "wrote past the end";
      for (size_t i = 0; i < n * d; ++i) {
        const double v = x[i / d * stride + i % d];
        const double expected = v / (1 + std::exp(-v)) * x[i / d * stride + i % d + d];
        ASSERT_NEAR(y[i], expected, 2e-6 * std::max(1.0, std::abs(expected))) << "of " << v;
      }
    }
    const float extremes[] = {0, -0.0F, 100, -100, 3e38F, -3e38F, std::numeric_limits<float>::quiet_NaN()};
    float y[7];
    const float ones[7] = {1, 1, 1, 1, 1, 1, 1};
    silu_multiply(threads_, 1, 7, extremes, ones, 7, y, *micro);
    EXPECT_EQ(y[0], 0);
    EXPECT_EQ(y[2], 100);
    EXPECT_NEAR(y[3], 0, 1e-30);
    EXPECT_EQ(y[4], 3e38F);
    EXPECT_TRUE(std::abs(y[5]) < 1e5F) << y[5];
    EXPECT_TRUE(std::isnan(y[6]));
  }
}

TEST_F(ActivationTest, TwoThreadsGiveTheSame) {
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
