#include "core/base/number_text.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>

namespace latformer {
namespace {

TEST(NumberText, IsShortForPeople) {
  EXPECT_EQ(short_text(4.8), "4.8");
  EXPECT_EQ(short_text(1e9), "1e+09");
  EXPECT_EQ(short_text(1.0 / 3), "0.333333");
  EXPECT_EQ(short_text(std::numeric_limits<double>::quiet_NaN()), "nan");
}

TEST(NumberText, IsReadAsTheSameNumber) {
  EXPECT_EQ(exact_text(0.1), "0.1");
  EXPECT_EQ(exact_text(3), "3");
  for (const double number :
       {0.1 + 0.2, 1.0 / 3, 5e-324, 1.7976931348623157e308, -0.0, 0.724121, 1e-6, 123456789.125}) {
    EXPECT_EQ(std::strtod(exact_text(number).c_str(), nullptr), number);
  }
}

}  // namespace
}  // namespace latformer
