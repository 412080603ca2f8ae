#include "core/elimination/select.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

namespace latformer {
namespace {

using Rows = std::vector<uint32_t>;

constexpr Protected kFirst{.first = 1};

TEST(Select, KeepsTheFirstAndTheBestInOrder) {
  const std::vector<float> score{0.01F, 0.3F, 0.1F, 0.29F, 0.3F};
  const Selection selection = select(score, LiveRows::all(5), 3, Dropped::discard, kFirst);
  EXPECT_EQ(selection.kept, (Rows{0, 1, 4}));
  EXPECT_TRUE(selection.merged.empty());
  EXPECT_TRUE(selection.weights.empty());
}

TEST(Select, BreaksTiesTowardsTheLowerPosition) {
  const std::vector<float> score(9, 0.125F);
  EXPECT_EQ(select(score, LiveRows::all(9), 4, Dropped::discard, kFirst).kept, (Rows{0, 1, 2, 3}));
  const std::vector<float> some{0, 0.2F, 0.3F, 0.2F, 0.2F, 0.1F};
  EXPECT_EQ(select(some, LiveRows::all(6), 3, Dropped::discard, kFirst).kept, (Rows{0, 1, 2}));
}

TEST(Select, MayKeepTheFirstAlone) {
  const std::vector<float> score{0, 0.5F, 0.5F};
  EXPECT_EQ(select(score, LiveRows::all(3), 1, Dropped::discard, kFirst).kept, (Rows{0}));
  const Selection merged = select(score, LiveRows::all(3), 2, Dropped::merge, kFirst);
  EXPECT_EQ(merged.kept, (Rows{0}));
  EXPECT_EQ(merged.merged, (Rows{1, 2}));
}

TEST(Select, KeepsAllWithoutLookingAtScores) {
  const LiveRows rows{.positions = {0, 3, 7}, .rest_size = 5};
  const Selection selection = select({}, rows, 4, Dropped::merge, kFirst);
  EXPECT_EQ(selection.kept, (Rows{0, 1, 2, 3}));
  EXPECT_TRUE(selection.merged.empty());
  const LiveRows next = advance(rows, selection);
  EXPECT_EQ(next.positions, rows.positions);
  EXPECT_EQ(next.rest_size, 5U);
  EXPECT_EQ(next.count(), 4U);
}

TEST(Select, NeverDropsWhatIsProtected) {
  const std::vector<float> score{0, 0.1F, 0.4F, 0.3F, 0, 0};
  const Selection discarded = select(score, LiveRows::all(6), 4, Dropped::discard, {.first = 1, .last = 2});
  EXPECT_EQ(discarded.kept, (Rows{0, 2, 4, 5}));
  const LiveRows rows{.positions = {0, 1, 2, 3, 4}, .rest_size = 3};
  const Selection merged = select(score, rows, 4, Dropped::merge, {.first = 0, .last = 2});
  EXPECT_EQ(merged.kept, (Rows{2, 3, 4}));
  EXPECT_EQ(merged.merged, (Rows{0, 1, 5}));
  EXPECT_EQ(select(score, rows, 3, Dropped::merge, {.first = 0, .last = 2}).kept, (Rows{3, 4}));
}

TEST(Select, TheFirstRestRowAveragesTheDropped) {
  const std::vector<float> score{0.1F, 0.4F, 0.1F, 0.1F, 0.3F};
  const Selection selection = select(score, LiveRows::all(5), 4, Dropped::merge, kFirst);
  EXPECT_EQ(selection.kept, (Rows{0, 1, 4}));
  EXPECT_EQ(selection.merged, (Rows{2, 3}));
  EXPECT_FLOAT_EQ(selection.weights[0], 0.5F);
  EXPECT_FLOAT_EQ(selection.weights[1], 0.5F);
  const LiveRows next = advance(LiveRows::all(5), selection);
  EXPECT_EQ(next.positions, (Rows{0, 1, 4}));
  EXPECT_EQ(next.rest_size, 2U);
  EXPECT_EQ(next.count(), 4U);
}

TEST(Select, ALaterRestRowTakesTheEarlierOneIn) {
  const LiveRows rows{.positions = {0, 2, 5, 8}, .rest_size = 6};
  const std::vector<float> score{0.1F, 0.05F, 0.3F, 0.2F, 0.35F};  // the rest row's own score wins it no place
  const Selection selection = select(score, rows, 4, Dropped::merge, kFirst);
  EXPECT_EQ(selection.kept, (Rows{0, 2, 3}));
  EXPECT_EQ(selection.merged, (Rows{1, 4}));
  EXPECT_FLOAT_EQ(selection.weights[0], 0.05F / 0.4F);
  EXPECT_FLOAT_EQ(selection.weights[1], 0.35F / 0.4F);
  const LiveRows next = advance(rows, selection);
  EXPECT_EQ(next.positions, (Rows{0, 5, 8}));
  EXPECT_EQ(next.rest_size, 7U);
}

TEST(Select, SizesAddUpToTheTextLayerByLayer) {
  LiveRows rows = LiveRows::all(40);
  for (const uint32_t count : {40U, 31U, 31U, 12U, 3U, 2U, 2U}) {
    std::vector<float> score(rows.count());
    for (size_t i = 0; i < score.size(); ++i) score[i] = static_cast<float>((i * 29) % 17) / 17;
    const Selection selection = select(score, rows, count, Dropped::merge, kFirst);
    rows = advance(rows, selection);
    EXPECT_EQ(rows.count(), count);
    EXPECT_EQ(rows.positions.size() + rows.rest_size, 40U);
    if (!selection.weights.empty()) {
      EXPECT_NEAR(std::accumulate(selection.weights.begin(), selection.weights.end(), 0.0), 1, 1e-6);
    }
  }
}

TEST(Select, SurvivesScoresThatAreNotNumbers) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> all(6, nan);
  EXPECT_EQ(select(all, LiveRows::all(6), 3, Dropped::discard, kFirst).kept, (Rows{0, 1, 2}));
  const std::vector<float> some{nan, nan, 0.1F, nan, 0.2F, 0};
  const Selection selection = select(some, LiveRows::all(6), 4, Dropped::merge, kFirst);
  EXPECT_EQ(selection.kept, (Rows{0, 2, 4}));
  EXPECT_EQ(selection.merged, (Rows{1, 3, 5}));
  EXPECT_FLOAT_EQ(selection.weights[2], 1.0F / 3);
}

TEST(Select, SharesWeightsEquallyWhenScoresVanish) {
  const std::vector<float> score{1, 0, 0, 0};
  const Selection selection = select(score, LiveRows::all(4), 2, Dropped::merge, kFirst);
  for (const float weight : selection.weights) EXPECT_FLOAT_EQ(weight, 1.0F / 3);
}

}  // namespace
}  // namespace latformer
