#include <gtest/gtest.h>

#include "core/models/bert/cost.h"
#include "tests/unit/support/random_bert.h"

namespace latformer {
namespace {

TEST(BertCost, IsThatOfTheFormula) {
  const BertConfig config = testing::config_of({.layers = 2, .heads = 2, .head_size = 4, .intermediate_size = 24});
  // Layer 1: QKV 3*5*64, QK^T 25*8, AV 3*5*8, output 3*64, feed-forward 2*3*8*24. Layer 2: [CLS] alone, from 3 rows.
  const uint64_t first = 960 + 200 + 120 + 192 + 1152;
  const uint64_t last = 7 * 64 + 2 * 3 * 8 + 64 + 2 * 8 * 24;
  EXPECT_EQ(cost_of(config).macs(5, {3, 1}), first + last);
  EXPECT_EQ(cost_of(config).n_min(Dropped::merge), 2U);
  EXPECT_EQ(cost_of(config).n_min(Dropped::discard), 1U);
  // All rows of layer 2 are read: 3 enter, 2 leave.
  const uint64_t second = 9 * 64 + 9 * 8 + 2 * 3 * 8 + 2 * 64 + 2 * 2 * 8 * 24;
  EXPECT_EQ(cost_of(config, Last::all_rows).macs(5, {3, 2}), first + second);
}

// The last layer's weights are those of all, so it computes queries of all 3 rows, not of [CLS] alone.
TEST(BertCost, SharedLayersComputeAllQueries) {
  BertConfig config = testing::config_of({.layers = 2, .heads = 2, .head_size = 4, .intermediate_size = 24});
  const uint64_t with_own = cost_of(config).macs(5, {3, 1});
  config.architecture = find_bert_architecture("albert");
  EXPECT_EQ(cost_of(config).macs(5, {3, 1}), with_own + 2 * 64);
}

}  // namespace
}  // namespace latformer
