#include "core/train/data/batches.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/train/data/random.h"

namespace latformer::train {
namespace {

std::vector<uint32_t> some_lengths() {
  Random random(5, "lengths");
  std::vector<uint32_t> lengths;
  for (int i = 0; i < 3000; ++i) lengths.push_back(static_cast<uint32_t>(1 + random.below(100)));
  lengths.push_back(700);  // longer than a batch may be
  return lengths;
}

TEST(Batches, HoldEveryTextOnceWithinTheLimits) {
  const std::vector<uint32_t> lengths = some_lengths();
  const BatchLimits limits{.max_tokens = 400, .max_texts = 16};
  for (const auto& batches : {training_batches(lengths, limits, 1, 0), evaluation_batches(lengths, limits)}) {
    std::vector<int> seen(lengths.size(), 0);
    size_t padded = 0, tokens = 0;
    for (const Batch& batch : batches) {
      uint32_t longest = 0;
      for (const uint32_t text : batch) {
        ++seen[text];
        longest = std::max(longest, lengths[text]);
        tokens += lengths[text];
      }
      padded += longest * batch.size();
      EXPECT_LE(batch.size(), limits.max_texts);
      EXPECT_TRUE(longest * batch.size() <= limits.max_tokens || batch.size() == 1);
    }
    EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), static_cast<std::ptrdiff_t>(lengths.size()));
    EXPECT_LT(static_cast<double>(padded), 1.05 * static_cast<double>(tokens));
  }
}

TEST(Batches, FollowFromSeedAndEpoch) {
  const std::vector<uint32_t> lengths = some_lengths();
  EXPECT_EQ(training_batches(lengths, {}, 1, 0), training_batches(lengths, {}, 1, 0));
  EXPECT_NE(training_batches(lengths, {}, 1, 0), training_batches(lengths, {}, 1, 1));
  EXPECT_NE(training_batches(lengths, {}, 1, 0), training_batches(lengths, {}, 2, 0));
}

}  // namespace
}  // namespace latformer::train
