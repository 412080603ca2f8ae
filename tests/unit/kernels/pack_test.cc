#include "core/kernels/pack.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

namespace latformer::kernels {
namespace {

constexpr size_t kGroup = 4;

// packed (blocks, in / 4, columns, 4)
struct Packed {
  size_t in, blocks, columns;
  std::vector<int8_t> values = std::vector<int8_t>(in * blocks * columns);

  int8_t& at(size_t block, size_t k, size_t column) {
    return values[((block * in + k / kGroup * kGroup) * columns) + column * kGroup + k % kGroup];
  }
};

// With what was taken out back in its place.
Packed restored(Packed packed, const Int8Excess& excess) {
  for (size_t block = 0, group = 0; block < packed.blocks; ++block) {
    for (; group < excess.ends[block]; ++group) {
      for (size_t i = 0; i < packed.columns * kGroup; ++i) {
        int8_t& weight = packed.at(block, excess.k[group] + i % kGroup, i / kGroup);
        const int8_t rest = excess.weights[group * packed.columns * kGroup + i];
        if (rest == 0) continue;
        EXPECT_EQ(weight, 0) << "a weight is there twice";
        weight = rest;
      }
    }
  }
  return packed;
}

// The largest sum that a step's four products of a column could give, of whatever activations.
int largest_sum_of_four(Packed& packed) {
  int largest = 0;
  for (size_t block = 0; block < packed.blocks; ++block) {
    for (size_t column = 0; column < packed.columns; ++column) {
      for (size_t k = 0; k < packed.in; k += k % kGroup == 0 ? 2 : 2 * kGroup - 2) {
        int above = 0;
        int below = 0;
        for (const size_t i : {k, k + 1, k + kGroup, k + kGroup + 1}) {
          const int weight = packed.at(block, i, column);
          (weight > 0 ? above : below) += weight;
        }
        largest = std::max({largest, kInt8Levels * above, kInt8Levels * -below - 1});
      }
    }
  }
  return largest;
}

TEST(FirstBytesTest, HasOneForEachLineThatBegins) {
  std::vector<std::byte> packed(2 * kLineBytes + 1);
  for (size_t i = 0; i < packed.size(); ++i) packed[i] = std::byte(i);
  const auto first_bytes = first_bytes_of(packed).value();
  ASSERT_EQ(first_bytes.size(), 3);
  for (size_t line = 0; line < 3; ++line) EXPECT_EQ(first_bytes[line], packed[line * kLineBytes]);
}

class ExcessTest : public testing::TestWithParam<size_t> {};

TEST_P(ExcessTest, LosesNothingAndLeavesWhatFitsIn16Bits) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0.0F, 50.0F);
  Packed packed{.in = 48, .blocks = 5, .columns = GetParam()};
  for (int8_t& value : packed.values) {
    value = static_cast<int8_t>(std::clamp(std::nearbyint(normal(random)), -128.0F, 127.0F));
  }
  const Packed before = packed;
  ASSERT_GT(largest_sum_of_four(packed), INT16_MAX);
  const Excess excess = Excess::take(packed.in, packed.blocks, packed.columns, packed.values.data()).value();
  EXPECT_LE(largest_sum_of_four(packed), INT16_MAX);
  EXPECT_EQ(restored(packed, excess.view()).values, before.values);
}

INSTANTIATE_TEST_SUITE_P(Columns, ExcessTest, testing::Values(8, 16));

TEST(ExcessTest, LeavesAloneWhatFits) {
  Packed packed{.in = 16, .blocks = 2, .columns = 8};
  for (size_t i = 0; i < packed.values.size(); ++i) packed.values[i] = static_cast<int8_t>(i % 2 == 0 ? 127 : -128);
  for (size_t k = 0; k < packed.in; ++k) packed.at(1, k, 3) = k % 2 == 0 ? 1 : 127;
  const Packed before = packed;
  const Excess excess = Excess::take(packed.in, packed.blocks, packed.columns, packed.values.data()).value();
  EXPECT_EQ(packed.values, before.values);
  EXPECT_EQ(excess.view().ends[1], 0U);
}

}  // namespace
}  // namespace latformer::kernels
