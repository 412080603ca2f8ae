// What must hold for any text, and for very long ones.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/tokenizer.h"
#include "tests/unit/support/sanitized.h"
#include "tests/unit/text/fixtures.h"

namespace latformer {
namespace {

constexpr size_t kAll = 1'000'000'000;

std::vector<Tokenizer> all_tokenizers() {
  std::vector<Tokenizer> tokenizers;
  for (const char* name :
       {"uncased", "cased", "unclean", "no-normalizer", "added-tokens", "no-prefix", "config-added"}) {
    tokenizers.push_back(testing::load_golden(name).value());
  }
  return tokenizers;
}

bool equal(const Encoding& a, const Encoding& b) {
  const auto same_span = [](TextSpan x, TextSpan y) { return x.begin == y.begin && x.end == y.end; };
  return a.ids == b.ids && a.type_ids == b.type_ids && a.sequence_ids == b.sequence_ids &&
         a.is_special == b.is_special && a.continues == b.continues &&
         std::equal(a.spans.begin(), a.spans.end(), b.spans.begin(), b.spans.end(), same_span);
}

TEST(Properties, HoldForAnyText) {
  const std::vector<Tokenizer> tokenizers = all_tokenizers();
  const testing::Strings strings;
  for (uint64_t i = 100'000; i < 102'000; ++i) {
    const testing::Strings::Item item = strings.item(i);
    for (const Tokenizer& t : tokenizers) {
      const Encoding whole = t.encode(item.text, item.pair, kAll).value();
      ASSERT_FALSE(whole.truncated);
      ASSERT_EQ(whole.ids.size(), whole.spans.size());
      ASSERT_EQ(whole.ids.size(), whole.type_ids.size());
      ASSERT_EQ(whole.ids.size(), whole.sequence_ids.size());
      ASSERT_EQ(whole.ids.size(), whole.is_special.size());
      ASSERT_EQ(whole.ids.size(), whole.continues.size());
      for (size_t k = 0; k < whole.ids.size(); ++k) {
        ASSERT_LT(static_cast<size_t>(whole.ids[k]), t.vocabulary_size());
        ASSERT_EQ(t.id(t.token(whole.ids[k])), whole.ids[k]);
        const size_t size = whole.sequence_ids[k] == 0 ? item.text.size() : item.pair->size();
        ASSERT_LE(whole.spans[k].begin, whole.spans[k].end);
        ASSERT_LE(whole.spans[k].end, size);
        ASSERT_EQ(whole.spans[k].begin == whole.spans[k].end, whole.is_special[k] == 1);
      }
      // Truncation keeps the beginning, and never more than it may.
      if (!item.pair) {
        const Encoding cut = t.encode(item.text, std::nullopt, item.max_tokens).value();
        ASSERT_EQ(cut.truncated, whole.ids.size() > item.max_tokens);
        ASSERT_EQ(cut.ids.size(), std::min(whole.ids.size(), item.max_tokens));
        const bool ends_with_special = !whole.ids.empty() && whole.is_special.back() == 1;
        const size_t shared = cut.ids.size() - (ends_with_special ? 1 : 0);
        ASSERT_TRUE(std::equal(cut.ids.begin(), cut.ids.begin() + static_cast<ptrdiff_t>(shared), whole.ids.begin()));
        const std::vector<Encoding> one = t.encode_windows(item.text, kAll, 0).value();
        ASSERT_EQ(one.size(), 1u);
        ASSERT_TRUE(equal(one[0], whole));
      } else {
        ASSERT_LE(t.encode(item.text, item.pair, item.max_tokens)->ids.size(), item.max_tokens);
      }
      // Positions in UTF-16 grow with those in UTF-8, and end with them.
      const auto units = to_utf16(item.text, {{0, static_cast<uint32_t>(item.text.size())}});
      ASSERT_LE(units[0].end, item.text.size());
    }
  }
}

TEST(Properties, Utf16PositionsAreThoseOfAPlainCount) {
  const testing::Strings strings;
  for (uint64_t i = 200'000; i < 201'000; ++i) {
    const std::string text = strings.item(i).text;
    std::vector<TextSpan> spans;
    for (uint32_t begin = 0; begin <= text.size(); ++begin)
      spans.push_back({begin, static_cast<uint32_t>(text.size())});
    testing::Random random(i);
    const std::vector<TextSpan> in_order = to_utf16(text, spans);
    for (size_t k = spans.size(); k > 1; --k) std::swap(spans[k - 1], spans[random.below(static_cast<uint32_t>(k))]);
    const std::vector<TextSpan> shuffled = to_utf16(text, spans);
    for (size_t k = 0; k < spans.size(); ++k) ASSERT_EQ(shuffled[k].begin, in_order[spans[k].begin].begin);
    for (size_t k = 1; k < in_order.size(); ++k) {
      ASSERT_GE(in_order[k].begin, in_order[k - 1].begin);
      ASSERT_LE(in_order[k].begin, in_order[k - 1].begin + 2);
    }
  }
}

std::string repeat(std::string_view unit, size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += unit;
  return text;
}

// Were any of these not linear, the test would not end.
TEST(Properties, TenMegabytesOfAnything) {
  constexpr size_t kBytes = 10'000'000 / testing::kCaseStep;
  const Tokenizer t = testing::load_golden("uncased").value();
  const std::vector<std::pair<std::string, size_t>> cases = {
      {repeat("a", kBytes), 1},             // one word
      {repeat("\u0301", kBytes), 0},        // one row of accents
      {repeat("\u302e\u0316", kBytes), 1},  // marks out of order, some of which stay
      {repeat("[CLS]", kBytes), kBytes / 5},
      {repeat("[CLS", kBytes), kBytes / 2},  // never quite a token
      {repeat(std::string(1, '\0'), kBytes), 0},
      {repeat("\xf0\x9f\x98", kBytes), 0},  // ill-formed
      {repeat(" ", kBytes), 0},
  };
  for (const auto& [text, tokens] : cases) {
    const Encoding encoding = t.encode(text, std::nullopt, kAll).value();
    EXPECT_EQ(encoding.ids.size(), tokens + 2) << text.substr(0, 8);
    if (tokens <= 510) continue;
    const Encoding cut = t.encode(text, std::nullopt, 512).value();
    EXPECT_EQ(cut.ids.size(), 512u);
    EXPECT_TRUE(cut.truncated);
  }
}

TEST(Properties, LongTextWithAddedTokensInNormalizedText) {
  const Tokenizer t = testing::load_golden("added-tokens").value();
  for (const char* unit : {"added word", "model ", "  ", "Added  ", "<new> ", "\u00c9cole", " x"}) {
    const std::string text = repeat(unit, 500'000);
    EXPECT_TRUE(t.encode(text, text, kAll).ok());
    EXPECT_TRUE(t.encode(text, std::nullopt, 512).ok());
  }
}

}  // namespace
}  // namespace latformer
