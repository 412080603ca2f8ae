// Attention with the kernels of every instruction set that this machine has, against double arithmetic.
#include "core/kernels/attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/kernels/name_of_kernels.h"

namespace latformer::kernels {
namespace {

struct Shape {
  size_t heads, head_size, queries, keys;
  uint32_t rest_size;  // rows that the last key stands for
};

// Query, key and value side by side, as a layer has them.
struct Text {
  Shape shape;
  size_t d;
  Buffer<float> wide;  // (max(queries, keys), 3d)

  explicit Text(const Shape& of, float spread = 0.7F) : shape(of), d(of.heads * of.head_size) {
    std::mt19937 random(static_cast<uint32_t>(of.keys * 31 + of.head_size));
    std::normal_distribution<float> normal(0.0F, spread);
    wide = Buffer<float>::allocate(std::max(of.queries, of.keys) * 3 * d).value();
    for (float& v : wide.span()) v = normal(random);
  }
  AttentionInput input() const {
    return {.queries = shape.queries,
            .keys = shape.keys,
            .query = {wide.data(), 3 * d},
            .key = {wide.data() + d, 3 * d},
            .value = {wide.data() + 2 * d, 3 * d},
            .last_log_size = std::log(static_cast<float>(shape.rest_size))};
  }
  // A (queries, keys) of one head.
  std::vector<double> probabilities(size_t head) const {
    std::vector<double> result;
    for (size_t i = 0; i < shape.queries; ++i) {
      std::vector<double> row(shape.keys);
      for (size_t j = 0; j < shape.keys; ++j) {
        double logit = 0;
        for (size_t k = 0; k < shape.head_size; ++k) {
          const size_t at = head * shape.head_size + k;
          logit += static_cast<double>(wide[i * 3 * d + at]) * wide[j * 3 * d + d + at];
        }
        row[j] = logit + (j + 1 == shape.keys ? std::log(shape.rest_size) : 0);
      }
      const double most = *std::max_element(row.begin(), row.end());
      double sum = 0;
      for (double& p : row) sum += p = std::exp(p - most);
      for (const double p : row) result.push_back(p / sum);
    }
    return result;
  }
  // The context of a query whose row of A is `p` (keys).
  double context(size_t head, size_t k, const double* p) const {
    double sum = 0;
    for (size_t j = 0; j < shape.keys; ++j) sum += p[j] * wide[j * 3 * d + 2 * d + head * shape.head_size + k];
    return sum;
  }
};

class AttentionTest : public testing::TestWithParam<const MicroKernels*> {
 protected:
  void expect_everything(const Shape& shape) {
    SCOPED_TRACE(std::to_string(shape.heads) + " heads of " + std::to_string(shape.head_size) + ", " +
                 std::to_string(shape.queries) + " queries, " + std::to_string(shape.keys) + " keys");
    const Text text(shape);
    Attention attention(shape.heads, shape.head_size, *GetParam());
    ASSERT_TRUE(attention.reserve(std::max(shape.queries, shape.keys)).ok());

    std::vector<float> whole(shape.queries * text.d + 1, -7.0F);
    attention.run(threads_, text.input(), whole.data());
    ASSERT_EQ(whole.back(), -7.0F) << "wrote past the end";
    std::vector<float> score(shape.keys);
    attention.attend(threads_, text.input(), score.data());

    std::vector<uint32_t> kept;
    std::vector<uint32_t> merged;
    for (uint32_t i = 0; i < shape.queries; ++i) (i % 3 == 1 ? merged : kept).push_back(i);
    std::vector<float> weights;
    for (size_t i = 0; i < merged.size(); ++i) weights.push_back(1.0F / static_cast<float>(merged.size()));
    std::vector<float> part((kept.size() + (merged.empty() ? 0 : 1)) * text.d + 1, -7.0F);
    attention.mix(threads_, text.input(), kept, merged, weights, part.data());
    ASSERT_EQ(part.back(), -7.0F) << "wrote past the end";

    std::vector<double> expected_score(shape.keys);
    for (size_t head = 0; head < shape.heads; ++head) {
      const std::vector<double> probabilities = text.probabilities(head);
      for (size_t i = 0; i < probabilities.size(); ++i) {
        expected_score[i % shape.keys] += probabilities[i] / static_cast<double>(shape.heads * shape.queries);
      }
      std::vector<double> rest(shape.keys);
      for (const uint32_t i : merged) {
        for (size_t j = 0; j < shape.keys; ++j) rest[j] += probabilities[i * shape.keys + j] / double(merged.size());
      }
      for (size_t k = 0; k < shape.head_size; ++k) {
        const size_t column = head * shape.head_size + k;
        for (size_t i = 0; i < shape.queries; ++i) {
          const double expected = text.context(head, k, probabilities.data() + i * shape.keys);
          ASSERT_NEAR(whole[i * text.d + column], expected, 5e-6);
        }
        for (size_t i = 0; i < kept.size(); ++i) {
          const double expected = text.context(head, k, probabilities.data() + kept[i] * shape.keys);
          ASSERT_NEAR(part[i * text.d + column], expected, 5e-6);
        }
        if (merged.empty()) continue;
        ASSERT_NEAR(part[kept.size() * text.d + column], text.context(head, k, rest.data()), 5e-6);
      }
    }
    for (size_t j = 0; j < shape.keys; ++j) ASSERT_NEAR(score[j], expected_score[j], 1e-5 * expected_score[j]);
  }

  Threads threads_ = Threads::create(1).value();
};

TEST_P(AttentionTest, AtEveryLength) {
  for (size_t n = 1; n <= 70; ++n) {
    expect_everything(
        {.heads = 2, .head_size = 16, .queries = n, .keys = n, .rest_size = 1 + static_cast<uint32_t>(n) % 9});
  }
}

TEST_P(AttentionTest, AtEveryHeadSize) {
  for (size_t size = 1; size <= 70; ++size) {
    expect_everything({.heads = 1 + size % 3, .head_size = size, .queries = 9, .keys = 9, .rest_size = 1});
  }
}

TEST_P(AttentionTest, AtRealSizes) {
  expect_everything({.heads = 12, .head_size = 32, .queries = 130, .keys = 130, .rest_size = 40});
  expect_everything({.heads = 12, .head_size = 64, .queries = 1, .keys = 512, .rest_size = 1});
  expect_everything({.heads = 4, .head_size = 64, .queries = 512, .keys = 512, .rest_size = 300});
}

// One key takes everything, or the logits are so far apart that their powers vanish.
TEST_P(AttentionTest, LogitsFarApart) {
  const Text text({.heads = 2, .head_size = 16, .queries = 20, .keys = 20, .rest_size = 1}, 30.0F);
  Attention attention(2, 16, *GetParam());
  ASSERT_TRUE(attention.reserve(20).ok());
  std::vector<float> context(20 * text.d);
  attention.run(threads_, text.input(), context.data());
  for (size_t head = 0; head < 2; ++head) {
    const std::vector<double> probabilities = text.probabilities(head);
    for (size_t i = 0; i < 20; ++i) {
      for (size_t k = 0; k < 16; ++k) {
        const double expected = text.context(head, k, probabilities.data() + i * 20);
        ASSERT_NEAR(context[i * text.d + head * 16 + k], expected, 0.05);
      }
    }
  }
  for (const float value : context) ASSERT_TRUE(std::isfinite(value));
}

TEST_P(AttentionTest, ThreadsAndFormerTextsChangeNothing) {
  const Threads three = Threads::create(3).value();
  const Text text({.heads = 12, .head_size = 32, .queries = 90, .keys = 90, .rest_size = 2});
  const Text longer({.heads = 12, .head_size = 32, .queries = 200, .keys = 200, .rest_size = 1});
  Attention alone(12, 32, *GetParam());
  Attention shared(12, 32, *GetParam());
  ASSERT_TRUE(alone.reserve(90).ok());
  ASSERT_TRUE(shared.reserve(200).ok());
  std::vector<float> expected(90 * text.d);
  std::vector<float> actual(200 * text.d);
  std::vector<float> score(90);
  std::vector<float> other_score(200);
  alone.run(threads_, text.input(), expected.data());
  alone.attend(threads_, text.input(), score.data());
  shared.run(three, longer.input(), actual.data());
  shared.attend(three, longer.input(), other_score.data());
  shared.run(three, text.input(), actual.data());
  shared.attend(three, text.input(), other_score.data());
  actual.resize(expected.size());
  other_score.resize(score.size());
  EXPECT_EQ(actual, expected);
  EXPECT_EQ(other_score, score);
}

INSTANTIATE_TEST_SUITE_P(MicroKernels, AttentionTest, testing::ValuesIn(available_micro_kernels()), NameOfKernels());

TEST(Attention, RefusesWhatCannotBeAddressed) {
  Attention attention(12, 64);
  EXPECT_EQ(attention.reserve(size_t{1} << 31).code(), ErrorCode::out_of_memory);
}

}  // namespace
}  // namespace latformer::kernels
