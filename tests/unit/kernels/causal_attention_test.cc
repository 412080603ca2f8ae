// Causal attention with the kernels of every instruction set that this machine has, against double arithmetic.
#include "core/kernels/causal_attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/kernels/name_of_kernels.h"

namespace latformer::kernels {
namespace {

struct Shape {
  size_t heads, kv_heads, head_size, rows;
};

// Query, key and value side by side, as a layer has them.
struct Text {
  Shape shape;
  size_t d, kv_d, stride;
  Buffer<float> wide;  // (rows, d + 2 kv_d)

  explicit Text(const Shape& of)
      : shape(of), d(of.heads * of.head_size), kv_d(of.kv_heads * of.head_size), stride(d + 2 * kv_d) {
    std::mt19937 random(static_cast<uint32_t>(of.rows * 31 + of.head_size));
    std::normal_distribution<float> normal(0.0F, 0.7F);
    wide = Buffer<float>::allocate(of.rows * stride).value();
    for (float& v : wide.span()) v = normal(random);
  }
  StridedRows query(size_t first = 0) const { return {wide.data() + first * stride, stride}; }
  StridedRows key(size_t first = 0) const { return {wide.data() + first * stride + d, stride}; }
  StridedRows value(size_t first = 0) const { return {wide.data() + first * stride + d + kv_d, stride}; }

  // The row of A of one query, which sees `visible` keys.
  std::vector<double> probabilities(size_t head, size_t i, size_t visible) const {
    const size_t kv_head = head / (shape.heads / shape.kv_heads);
    std::vector<double> row(visible);
    for (size_t j = 0; j < visible; ++j) {
      for (size_t k = 0; k < shape.head_size; ++k) {
        row[j] += static_cast<double>(query(i).values[head * shape.head_size + k]) *
                  key(j).values[kv_head * shape.head_size + k];
      }
    }
    const double most = *std::max_element(row.begin(), row.end());
    double sum = 0;
    for (double& p : row) sum += p = std::exp(p - most);
    for (double& p : row) p /= sum;
    return row;
  }
  std::vector<double> context(size_t i, size_t visible) const {
    std::vector<double> result(d);
    for (size_t head = 0; head < shape.heads; ++head) {
      const size_t kv_head = head / (shape.heads / shape.kv_heads);
      const std::vector<double> p = probabilities(head, i, visible);
      for (size_t k = 0; k < shape.head_size; ++k) {
        for (size_t j = 0; j < visible; ++j) {
          result[head * shape.head_size + k] += p[j] * value(j).values[kv_head * shape.head_size + k];
        }
      }
    }
    return result;
  }
  std::vector<double> score(const KeyScore& how) const {
    const size_t n = shape.rows;
    const size_t window = std::min(how.window, n);
    const size_t before = how.kind == KeyScore::Kind::contrast ? std::min(how.before, n - window) : 0;
    std::vector<double> result(n);
    for (size_t head = 0; head < shape.heads; ++head) {
      std::vector<double> of_head(n);
      for (size_t i = n - window - before; i < n; ++i) {
        const double share = i < n - window ? -1.0 / double(before) : 1.0 / double(window);
        const std::vector<double> p = probabilities(head, i, i + 1);
        for (size_t j = 0; j <= i; ++j) of_head[j] += share * p[j];
      }
      for (size_t j = 0; j < n; ++j) {
        if (how.kind == KeyScore::Kind::largest_head) {
          result[j] = std::max(result[j], of_head[j]);
          continue;
        }
        double length = 1;
        if (how.kind == KeyScore::Kind::contrast) {
          const float* v = value(j).values + head / (shape.heads / shape.kv_heads) * shape.head_size;
          length = 0;
          for (size_t k = 0; k < shape.head_size; ++k) length += double(v[k]) * v[k];
          length = std::sqrt(length);
        }
        result[j] += std::max(0.0, of_head[j]) * length / double(shape.heads);
      }
    }
    std::vector<double> smoothed(n);
    for (size_t j = 0; j < n; ++j) {
      size_t count = 0;
      for (size_t i = 0; i < n; ++i) {
        if (std::max(i, j) - std::min(i, j) > how.smooth / 2) continue;
        smoothed[j] += result[i];
        ++count;
      }
      smoothed[j] /= double(count);
    }
    return smoothed;
  }
};

class CausalAttentionTest : public testing::TestWithParam<const MicroKernels*> {
 protected:
  KeyValueCache cache_of(const Text& text) const {
    KeyValueCache cache(text.shape.kv_heads, text.shape.head_size, *GetParam());
    EXPECT_TRUE(cache.reserve(text.shape.rows).ok());
    cache.append(text.shape.rows, text.key(), text.value());
    return cache;
  }
  CausalAttention attention_of(const Text& text) const {
    CausalAttention attention(text.shape.heads, text.shape.kv_heads, text.shape.head_size, *GetParam());
    EXPECT_TRUE(attention.reserve(text.shape.rows).ok());
    return attention;
  }
  void expect_everything(const Shape& shape) {
    SCOPED_TRACE(std::to_string(shape.heads) + " heads on " + std::to_string(shape.kv_heads) + " of " +
                 std::to_string(shape.head_size) + ", " + std::to_string(shape.rows) + " rows");
    const Text text(shape);
    const KeyValueCache cache = cache_of(text);
    CausalAttention attention = attention_of(text);
    std::vector<float> whole(shape.rows * text.d + 1, -7.0F);
    attention.run(threads_, cache, {.count = shape.rows, .query = text.query(), .visible = nullptr}, whole.data());
    ASSERT_EQ(whole.back(), -7.0F) << "wrote past the end";
    for (size_t i = 0; i < shape.rows; ++i) {
      const std::vector<double> expected = text.context(i, i + 1);
      for (size_t k = 0; k < text.d; ++k) ASSERT_NEAR(whole[i * text.d + k], expected[k], 5e-6) << "row " << i;
    }
    for (const KeyScore::Kind kind : {KeyScore::Kind::mean, KeyScore::Kind::largest_head, KeyScore::Kind::contrast}) {
      const KeyScore how{
          .kind = kind, .window = 1 + shape.rows % 19, .before = shape.rows % 30, .smooth = 1 + shape.rows % 3 * 2};
      const size_t count = std::min(how.queries(), shape.rows);
      std::vector<float> score(shape.rows + 1, -7.0F);
      attention.score(threads_, cache, count, text.query(shape.rows - count), how, score.data());
      ASSERT_EQ(score.back(), -7.0F) << "wrote past the end";
      const std::vector<double> expected = text.score(how);
      for (size_t j = 0; j < shape.rows; ++j) ASSERT_NEAR(score[j], expected[j], 3e-6) << "row " << j;
    }
  }

  Threads threads_ = Threads::create(1).value();
};

TEST_P(CausalAttentionTest, AtEveryLength) {
  for (size_t n = 1; n <= 70; ++n) expect_everything({.heads = 4, .kv_heads = 2, .head_size = 16, .rows = n});
}

TEST_P(CausalAttentionTest, AtEveryHeadSizeAndGroup) {
  for (size_t size = 1; size <= 40; ++size) {
    expect_everything(
        {.heads = 6, .kv_heads = std::vector<size_t>{1, 2, 3, 6}[size % 4], .head_size = size, .rows = 9});
  }
  expect_everything({.heads = 50, .kv_heads = 1, .head_size = 8, .rows = 5});
}

TEST_P(CausalAttentionTest, AtRealSizes) {
  expect_everything({.heads = 12, .kv_heads = 12, .head_size = 64, .rows = 130});
  expect_everything({.heads = 9, .kv_heads = 3, .head_size = 64, .rows = 200});
}

// A prompt in parts, rows one by one, rows that are forgotten again, a cache that grows: the same to the last bit.
TEST_P(CausalAttentionTest, HoweverTheCacheWasFilled) {
  for (const Shape& shape : {Shape{.heads = 6, .kv_heads = 2, .head_size = 16, .rows = 67},
                             Shape{.heads = 40, .kv_heads = 1, .head_size = 8, .rows = 40}}) {
    const Text text(shape);
    CausalAttention attention = attention_of(text);
    const KeyValueCache whole = cache_of(text);
    std::vector<float> expected(shape.rows * text.d);
    attention.run(threads_, whole, {.count = shape.rows, .query = text.query(), .visible = nullptr}, expected.data());

    KeyValueCache cache(shape.kv_heads, shape.head_size, *GetParam());
    std::vector<float> actual(expected.size());
    for (size_t first = 0, count = 1; first < shape.rows; first += count, count = count % 7 + 1) {
      count = std::min(count, shape.rows - first);
      ASSERT_TRUE(cache.reserve(first + count + first % 5).ok());
      cache.append(count, text.key(), text.value());
      cache.truncate(first);
      cache.append(count, text.key(first), text.value(first));
      ASSERT_EQ(cache.rows(), first + count);
      attention.run(threads_, cache, {.count = count, .query = text.query(first), .visible = nullptr},
                    actual.data() + first * text.d);
    }
    EXPECT_EQ(actual, expected);
  }
}

// Queries of the rows that stay alone give what they give among all.
TEST_P(CausalAttentionTest, OfSomeRows) {
  const Text text({.heads = 6, .kv_heads = 2, .head_size = 16, .rows = 130});
  const KeyValueCache cache = cache_of(text);
  CausalAttention attention = attention_of(text);
  std::vector<float> all(130 * text.d);
  attention.run(threads_, cache, {.count = 130, .query = text.query(), .visible = nullptr}, all.data());
  std::vector<uint32_t> visible;
  std::vector<float> query;
  std::vector<float> expected;
  for (uint32_t i = 0; i < 130; i += 1 + i % 4) {
    visible.push_back(i + 1);
    query.insert(query.end(), text.query(i).values, text.query(i).values + text.d);
    expected.insert(expected.end(), all.begin() + i * text.d, all.begin() + (i + 1) * text.d);
  }
  std::vector<float> actual(expected.size());
  attention.run(threads_, cache, {.count = visible.size(), .query = {query.data(), text.d}, .visible = visible.data()},
                actual.data());
  EXPECT_EQ(actual, expected);
}

TEST_P(CausalAttentionTest, ThreadsChangeNothing) {
  const Threads three = Threads::create(3).value();
  const Text text({.heads = 12, .kv_heads = 4, .head_size = 32, .rows = 200});
  const KeyValueCache cache = cache_of(text);
  CausalAttention attention = attention_of(text);
  const KeyScore how{.kind = KeyScore::Kind::contrast, .window = 16, .before = 64, .smooth = 7};
  std::vector<float> contexts[2];
  std::vector<float> scores[2];
  for (const size_t t : {0, 1}) {
    const Threads& threads = t == 0 ? threads_ : three;
    contexts[t].resize(200 * text.d);
    scores[t].resize(200);
    attention.run(threads, cache, {.count = 200, .query = text.query(), .visible = nullptr}, contexts[t].data());
    attention.score(threads, cache, 80, text.query(120), how, scores[t].data());
  }
  EXPECT_EQ(contexts[0], contexts[1]);
  EXPECT_EQ(scores[0], scores[1]);
}

// One key takes everything, or logits are so far apart that their powers vanish.
TEST_P(CausalAttentionTest, StaysFiniteWhereLogitsAreExtreme) {
  Text text({.heads = 2, .kv_heads = 1, .head_size = 16, .rows = 33});
  for (float& v : text.wide.span()) v *= 100;
  const KeyValueCache cache = cache_of(text);
  CausalAttention attention = attention_of(text);
  std::vector<float> context(33 * text.d);
  attention.run(threads_, cache, {.count = 33, .query = text.query(), .visible = nullptr}, context.data());
  for (const float value : context) ASSERT_TRUE(std::isfinite(value));
}

INSTANTIATE_TEST_SUITE_P(MicroKernels, CausalAttentionTest, testing::ValuesIn(available_micro_kernels()),
                         NameOfKernels());

TEST(CausalAttention, RefusesWhatCannotBeAddressed) {
  KeyValueCache cache(12, 64);
  EXPECT_EQ(cache.reserve(std::numeric_limits<size_t>::max() / 1024).code(), ErrorCode::out_of_memory);
  EXPECT_EQ(cache.capacity(), 0U);
  CausalAttention attention(12, 12, 64);
  EXPECT_EQ(attention.reserve(std::numeric_limits<size_t>::max() / 256).code(), ErrorCode::out_of_memory);
}

}  // namespace
}  // namespace latformer::kernels
