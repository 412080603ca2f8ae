#include "core/elimination/time/margin.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace latformer {
namespace {

TEST(Margin, BeginsWithTheSpreadOfTheCalibration) {
  EXPECT_DOUBLE_EQ(Margin(1.25).factor(), Margin::kHeadroom * 1.25);
  EXPECT_DOUBLE_EQ(Margin(100).factor(), Margin::kHeadroom * Margin::kBound);
}

TEST(Margin, OneSlowCallChangesNothingTwoDo) {
  Margin margin(1.2);
  margin.observe(2);
  EXPECT_DOUBLE_EQ(margin.factor(), Margin::kHeadroom * 1.2);
  margin.observe(1.8);
  EXPECT_DOUBLE_EQ(margin.factor(), Margin::kHeadroom * 1.8);
  for (size_t i = 0; i + 2 < Margin::kCalls; ++i) margin.observe(1.1);
  EXPECT_DOUBLE_EQ(margin.factor(), Margin::kHeadroom * 1.8);
  margin.observe(1.1);
  EXPECT_DOUBLE_EQ(margin.factor(), Margin::kHeadroom * 1.1);  // the first of them is forgotten
}

TEST(Margin, StaysWithinItsBounds) {
  Margin margin(1);
  for (size_t i = 0; i < Margin::kCalls; ++i) margin.observe(1e9);
  EXPECT_DOUBLE_EQ(margin.factor(), Margin::kHeadroom * Margin::kBound);
  for (size_t i = 0; i < Margin::kCalls; ++i) margin.observe(1e-9);
  EXPECT_DOUBLE_EQ(margin.factor(), Margin::kHeadroom / Margin::kBound);
}

TEST(Margin, PassesOverWhatIsNoRatio) {
  Margin margin(1.5);
  for (size_t i = 0; i < Margin::kCalls; ++i) {
    for (const double odd : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) margin.observe(odd);
  }
  EXPECT_DOUBLE_EQ(margin.factor(), Margin::kHeadroom * 1.5);
}

TEST(Margin, CoversNearlyAllCalls) {
  std::mt19937 random(1);
  std::lognormal_distribution<double> noise(0, 0.1);
  Margin margin(1);
  int inside = 0;
  constexpr int kCalls = 20000;
  for (int i = 0; i < kCalls; ++i) {
    const double ratio = 1.1 * noise(random);
    if (ratio <= margin.factor()) ++inside;
    margin.observe(ratio);
  }
  EXPECT_GT(inside, 0.96 * kCalls);
  EXPECT_LT(inside, 0.99 * kCalls);
}

}  // namespace
}  // namespace latformer
