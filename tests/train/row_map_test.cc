#include "core/train/modules/row_map.h"

#include <gtest/gtest.h>

#include "core/train/modules/torch.h"

namespace latformer::train {
namespace {

RowMap example() {
  RowMap map;
  map.add_row(2);
  map.end_row();  // zeros
  map.add(0, 0.25F);
  map.add(2, 0.75F);
  map.end_row();
  return map;
}

TEST(RowMap, TakesLeavesOutAndAverages) {
  const torch::Tensor x = torch::tensor({{1.0F, 2.0F}, {3.0F, 4.0F}, {5.0F, 6.0F}});
  const torch::Tensor expected = torch::tensor({{5.0F, 6.0F}, {0.0F, 0.0F}, {4.0F, 5.0F}});
  EXPECT_TRUE(torch::equal(map_rows(example(), x), expected));
}

TEST(RowMap, GivesGradientsBack) {
  const torch::Tensor x = torch::ones({3, 2}).set_requires_grad(true);
  const torch::Tensor factor = torch::tensor({{1.0F, 10.0F}, {7.0F, 7.0F}, {2.0F, 20.0F}});
  (map_rows(example(), x) * factor).sum().backward();
  const torch::Tensor expected = torch::tensor({{0.5F, 5.0F}, {0.0F, 0.0F}, {2.5F, 25.0F}});
  EXPECT_TRUE(torch::equal(x.grad(), expected));
}

// Another type takes the way that devices other than the CPU take.
TEST(RowMap, IsTheSameByIndexing) {
  const torch::Tensor x = torch::arange(6).view({3, 2}).to(torch::kDouble).set_requires_grad(true);
  const torch::Tensor y = map_rows(example(), x);
  EXPECT_TRUE(torch::equal(y.to(torch::kFloat), map_rows(example(), x.detach().to(torch::kFloat))));
  y.sum().backward();
  EXPECT_TRUE(torch::equal(x.grad(), torch::tensor({{0.25, 0.25}, {0.0, 0.0}, {1.75, 1.75}}, torch::kDouble)));
}

TEST(RowMap, MovesHalfPrecisionToo) {
  const torch::Tensor x = torch::tensor({{1.0F, 2.0F}, {3.0F, 4.0F}, {5.0F, 6.0F}});
  const torch::Tensor half = x.to(torch::kBFloat16).set_requires_grad(true);
  const torch::Tensor y = map_rows(example(), half);
  EXPECT_EQ(y.scalar_type(), torch::kBFloat16);
  EXPECT_TRUE(torch::equal(y.to(torch::kFloat), map_rows(example(), x)));  // small whole numbers are exact
  y.sum().backward();
  EXPECT_TRUE(
      torch::equal(half.grad(), torch::tensor({{0.25F, 0.25F}, {0.0F, 0.0F}, {1.75F, 1.75F}}).to(torch::kBFloat16)));
}

}  // namespace
}  // namespace latformer::train
