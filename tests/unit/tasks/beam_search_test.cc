#include "core/tasks/sampling/beam_search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace latformer {
namespace {

// Log probabilities of three tokens; token 2 ends a text.
std::vector<float> rows(std::vector<std::vector<double>> probabilities) {
  std::vector<float> result;
  for (const auto& row : probabilities) {
    for (const double p : row) result.push_back(static_cast<float>(std::log(p)));
  }
  return result;
}

// Texts themselves are held against transformers by tests/parity/decoders_test.cc.
TEST(BeamSearch, FindsWhatGreedyMisses) {
  const auto ends = [](std::span<const int32_t> tokens) { return tokens.back() == 2 || tokens.size() == 3; };
  BeamSearch search({.num_beams = 2}, 1, ends);
  const std::vector<double> first = {0.6, 0.35, 0.05};
  search.step(rows({first, first}));
  ASSERT_FALSE(search.done());
  EXPECT_EQ(search.running()[0].tokens, std::vector<int32_t>{0});
  EXPECT_EQ(search.running()[1].tokens, std::vector<int32_t>{1});
  // Behind token 0 nothing is likely; behind token 1 the end is nearly certain.
  const std::vector<uint32_t> from = search.step(rows({{0.34, 0.33, 0.33}, {0.01, 0.01, 0.98}}));
  while (!search.done()) search.step(rows({{0.4, 0.3, 0.3}, {0.4, 0.3, 0.3}}));
  EXPECT_EQ(search.best().tokens, (std::vector<int32_t>{1, 2}));
  EXPECT_EQ(from, (std::vector<uint32_t>{0, 0}));
}

TEST(BeamSearch, OptionsOutOfRange) {
  EXPECT_EQ(check(BeamOptions{.num_beams = 0}).code(), ErrorCode::invalid_argument);
  EXPECT_EQ(check(BeamOptions{.num_beams = 1000}).code(), ErrorCode::invalid_argument);
  EXPECT_EQ(check(BeamOptions{.length_penalty = NAN}).code(), ErrorCode::invalid_argument);
  EXPECT_TRUE(check(BeamOptions{.num_beams = 4}).ok());
}

}  // namespace
}  // namespace latformer
