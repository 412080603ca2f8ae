#include "core/kernels/int8_rows.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace latformer::kernels {
namespace {

std::vector<int8_t> quantized(const std::vector<float>& row) {
  std::vector<int8_t> q(row.size());
  quantize_row(row, scale_of_row(row), q.data());
  return q;
}

TEST(Int8Rows, TheLargestWeightBecomes127) {
  EXPECT_EQ(scale_of_row(std::vector<float>{1, -254, 2}), 2);
  EXPECT_EQ(quantized({1, -254, 2, 254, 3, -3.1F}), (std::vector<int8_t>{0, -127, 1, 127, 2, -2}));
}

TEST(Int8Rows, NoWeightIsOffByMoreThanHalfAScale) {
  std::mt19937 random(1);
  for (int n = 1; n <= 70; ++n) {
    std::vector<float> row(static_cast<size_t>(n));
    for (float& w : row)
      w = std::ldexp(static_cast<float>(random()) - 2147483648.0F, static_cast<int>(random() % 60) - 60);
    const float scale = scale_of_row(row);
    const std::vector<int8_t> q = quantized(row);
    for (size_t i = 0; i < row.size(); ++i) EXPECT_LE(std::abs(row[i] - scale * q[i]), scale * 0.50001F);
  }
}

TEST(Int8Rows, ZerosStayZero) {
  EXPECT_EQ(scale_of_row(std::vector<float>{0, -0.0F}), 1);
  EXPECT_EQ(scale_of_row(std::vector<float>{}), 1);
  EXPECT_EQ(scale_of_row(std::vector<float>{1e-44F}), 1);  // its scale would be no normal number
  EXPECT_EQ(quantized({0, 1e-44F}), (std::vector<int8_t>{0, 0}));
}

TEST(Int8Rows, ReachesToTheEndsOfFloat) {
  const float largest = std::numeric_limits<float>::max();
  EXPECT_EQ(quantized({largest, -largest, 0}), (std::vector<int8_t>{127, -127, 0}));
}

TEST(Int8Rows, TellsWhatIsNotFinite) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_FALSE(std::isfinite(scale_of_row(std::vector<float>{1, infinity})));
  EXPECT_FALSE(std::isfinite(scale_of_row(std::vector<float>{1, -infinity})));
  EXPECT_FALSE(std::isfinite(scale_of_row(std::vector<float>{1, std::numeric_limits<float>::quiet_NaN()})));
}

}  // namespace
}  // namespace latformer::kernels
