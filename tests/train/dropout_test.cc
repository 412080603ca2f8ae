#include "core/train/modules/dropout.h"

#include <gtest/gtest.h>

#include "core/train/modules/torch.h"

namespace latformer::train {
namespace {

TEST(Dropout, LeavesOutItsShareAndKeepsTheMean) {
  const torch::Tensor y = train::dropout(torch::ones({1000, 1000}), 0.1, 7);
  EXPECT_NEAR((y == 0).to(torch::kFloat).mean().item<double>(), 0.1, 1e-3);
  EXPECT_NEAR(y.max().item<double>(), 1 / 0.9, 1e-6);
  EXPECT_NEAR(y.mean().item<double>(), 1, 1e-3);
}

TEST(Dropout, NeighboursAndKeysAreIndependent) {
  const auto zeros = [](uint64_t key) {
    return (train::dropout(torch::ones({1 << 20}), 0.25, key) == 0).to(torch::kFloat);
  };
  const torch::Tensor a = zeros(1);
  EXPECT_TRUE(torch::equal(a, zeros(1)));
  for (const uint64_t key : {uint64_t{2}, uint64_t{1} << 32, uint64_t{0x123456789abcdef}}) {
    EXPECT_NEAR((a * zeros(key)).mean().item<double>(), 0.0625, 2e-3) << key;
  }
  for (const int64_t apart : {1, 2, 384, 65536}) {
    EXPECT_NEAR((a.slice(0, apart) * a.slice(0, 0, -apart)).mean().item<double>(), 0.0625, 2e-3) << apart;
  }
}

TEST(Dropout, GivesGradientsToWhatItKept) {
  const torch::Tensor x = torch::ones({64, 64}).set_requires_grad(true);
  const torch::Tensor y = train::dropout(x, 0.5, 3);
  y.sum().backward();
  EXPECT_TRUE(torch::equal(x.grad(), y.detach()));
}

TEST(Dropout, IsTheSameInHalfPrecision) {
  const torch::Tensor x = torch::ones({64, 64});
  const torch::Tensor half = train::dropout(x.to(torch::kBFloat16), 0.5, 3);  // 2 is exact
  EXPECT_EQ(half.scalar_type(), torch::kBFloat16);
  EXPECT_TRUE(torch::equal(half.to(torch::kFloat), train::dropout(x, 0.5, 3)));
}

}  // namespace
}  // namespace latformer::train
