#include "core/tasks/sampling/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/files/files.h"
#include "core/format/json.h"

namespace latformer {
namespace {

template <class T>
std::vector<T> numbers(const JsonValue& value, T otherwise) {
  std::vector<T> result;
  const JsonArray array = value.array().value();
  for (const JsonValue element : array) {
    result.push_back(element.is_null() ? otherwise : static_cast<T>(element.number().value()));
  }
  return result;
}

// What transformers' own processors make of the same logits (tests/parity/decoders/make_goldens.py).
TEST(Sampler, LogitsPassAsInTransformers) {
  constexpr float kOut = -std::numeric_limits<float>::infinity();
  const std::string golden =
      read_file(std::string(LATFORMER_SOURCE_DIR) + "/tests/parity/decoders/goldens/sampling.json").value();
  const JsonDocument document = JsonDocument::parse("sampling.json", golden).value();
  const JsonArray cases = document.root()["cases"].array().value();
  ASSERT_GT(cases.size(), 60U);
  size_t index = 0;
  for (const JsonValue entry : cases) {
    const JsonValue chosen = entry["options"];
    SamplingOptions options{.do_sample = true};
    options.temperature = chosen["temperature"].number_or(1).value();
    options.top_k = static_cast<uint32_t>(chosen["top_k"].integer_or(0, 0, 1 << 20).value());
    options.top_p = chosen["top_p"].number_or(1).value();
    options.min_p = chosen["min_p"].number_or(0).value();
    options.repetition_penalty = chosen["repetition_penalty"].number_or(1).value();
    ASSERT_TRUE(check(options).ok());
    std::vector<float> logits = numbers<float>(entry["logits"], 0);
    Sampler(options).process(numbers<int32_t>(entry["text"], 0), logits);
    const std::vector<float> expected = numbers<float>(entry["scores"], kOut);
    ASSERT_EQ(logits.size(), expected.size());
    for (size_t i = 0; i < logits.size(); ++i) {
      if (expected[i] == kOut) {
        EXPECT_EQ(logits[i], kOut) << "case " << index << ", token " << i;
      } else {
        EXPECT_NEAR(logits[i], expected[i], 1e-6 * std::max(1.0F, std::abs(expected[i])))
            << "case " << index << ", token " << i;
      }
    }
    ++index;
  }
}

TEST(Sampler, GreedyTakesTheFirstOfTheHighest) {
  std::vector<float> logits = {1, 3, 3, 2};
  EXPECT_EQ(Sampler(SamplingOptions{}).next({}, logits), 1);
}

TEST(Sampler, DrawsFollowTheProbabilities) {
  const SamplingOptions options{.do_sample = true, .top_k = 0, .seed = 5};
  Sampler sampler(options);
  const std::vector<double> probabilities = {0.5, 0.3, 0.15, 0.05};
  std::vector<int> counts(4);
  constexpr int kDraws = 20000;
  for (int i = 0; i < kDraws; ++i) {
    std::vector<float> logits;
    for (const double p : probabilities) logits.push_back(static_cast<float>(std::log(p)));
    ++counts[static_cast<size_t>(sampler.next({}, logits))];
  }
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(static_cast<double>(counts[i]) / kDraws, probabilities[i], 0.015);
}

TEST(Sampler, ASeedIsAText) {
  const auto draw = [](uint64_t seed, uint64_t stream) {
    Sampler sampler({.do_sample = true, .top_k = 0, .seed = seed}, stream);
    std::vector<int32_t> tokens;
    for (int i = 0; i < 32; ++i) {
      std::vector<float> logits(50, 0.0F);
      tokens.push_back(sampler.next(tokens, logits));
    }
    return tokens;
  };
  EXPECT_EQ(draw(1, 0), draw(1, 0));
  EXPECT_NE(draw(1, 0), draw(2, 0));
  EXPECT_NE(draw(1, 0), draw(1, 1));
  EXPECT_NE(draw(1, 1), draw(2, 0));
}

TEST(Sampler, OptionsOutOfRange) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  std::vector<SamplingOptions> wrong(11);
  wrong[0].temperature = nan;
  wrong[1].temperature = -1;
  wrong[2].temperature = 0;
  wrong[3].temperature = infinity;
  wrong[4].top_p = 0;
  wrong[5].top_p = 2;
  wrong[6].top_p = nan;
  wrong[7].min_p = -0.1;
  wrong[8].min_p = nan;
  wrong[9].repetition_penalty = 0;
  wrong[10].repetition_penalty = nan;
  for (const SamplingOptions& options : wrong) {
    EXPECT_EQ(check(options).code(), ErrorCode::invalid_argument);
    EXPECT_NE(check(options).message().find(" must be "), std::string::npos);
  }
}

}  // namespace
}  // namespace latformer
