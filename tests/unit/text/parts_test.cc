// The parts of core/text on their own.
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/hash.h"
#include "core/text/trie.h"
#include "core/text/unicode/unicode.h"
#include "core/text/utf8.h"
#include "core/text/vocabulary.h"
#include "tests/unit/text/fixtures.h"

namespace latformer {
namespace {

TEST(Utf8, RoundTripsEveryCodePoint) {
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string bytes;
    const size_t appended = utf8::append(c, bytes);
    ASSERT_EQ(appended, bytes.size());
    const utf8::CodePoint decoded = utf8::decode(bytes, 0);
    ASSERT_EQ(decoded.value, c);
    ASSERT_EQ(decoded.size, bytes.size());
    ASSERT_FALSE(decoded.is_ill_formed);
    ASSERT_EQ(utf8::decode_before(bytes, bytes.size()).value, c);
  }
}

// The sizes of the parts that a text decodes into, ill-formed ones negative.
std::vector<int> sizes(std::string_view text) {
  std::vector<int> sizes;
  for (size_t position = 0; position < text.size();) {
    const utf8::CodePoint c = utf8::decode(text, position);
    EXPECT_TRUE(!c.is_ill_formed || c.value == utf8::kReplacement);
    sizes.push_back(c.is_ill_formed ? -static_cast<int>(c.size) : static_cast<int>(c.size));
    position += c.size;
  }
  return sizes;
}

TEST(Utf8, ReplacesMaximalIllFormedParts) {
  using V = std::vector<int>;
  EXPECT_EQ(sizes("\x80\xbf"), (V{-1, -1}));
  EXPECT_EQ(sizes("\xc0\xaf\xe0\x80\xbf"), (V{-1, -1, -1, -1, -1}));  // overlong
  EXPECT_EQ(sizes("\xed\xa0\x80"), (V{-1, -1, -1}));                  // surrogate
  EXPECT_EQ(sizes("\xf4\x90\x80\x80\xf5"), (V{-1, -1, -1, -1, -1}));  // beyond U+10FFFF
  EXPECT_EQ(sizes("\xf4\x8f\xbf\xbf"), (V{4}));
  EXPECT_EQ(sizes("\xe2\x82"
                  "a\xf0\x9f\x98"
                  "b\xf0\x9f"),
            (V{-2, 1, -3, 1, -2}));
  EXPECT_EQ(sizes("\xf0\x80\x80\x80\xe2\x82\xac"), (V{-1, -1, -1, -1, 3}));
  EXPECT_EQ(sizes("\xef\xbf\xbd"), (V{3}));  // U+FFFD itself
}

TEST(Utf8, DecodesBackwardsWhatItDecodesForwards) {
  testing::Random random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (uint32_t left = random.below(12); left > 0; --left)
      text += static_cast<char>(random.below(256) | 0x80 * (left % 2));
    for (size_t position = 0; position < text.size();) {
      const utf8::CodePoint c = utf8::decode(text, position);
      position += c.size;
      const utf8::CodePoint back = utf8::decode_before(std::string_view(text), position);
      ASSERT_EQ(back.value, c.value);
      ASSERT_TRUE(c.is_ill_formed || back.size == c.size);
    }
  }
}

TEST(Trie, FindsWhatAMapFinds) {
  testing::Random random(2);
  for (int round = 0; round < 300; ++round) {
    const auto key = [&] {
      std::string text;
      for (uint32_t left = random.below(6); left > 0; --left) text += static_cast<char>("ab\x80\xff"[random.below(4)]);
      return text;
    };
    std::map<std::string, int32_t> map;
    for (uint32_t left = random.below(40); left > 0; --left) map.emplace(key(), static_cast<int32_t>(left));
    const Trie trie({map.begin(), map.end()});
    for (int query = 0; query < 50; ++query) {
      const std::string text = key() + key();
      Trie::Match expected = {Trie::kNoValue, 0};
      for (size_t size = 1; size <= text.size(); ++size) {
        if (const auto found = map.find(text.substr(0, size)); found != map.end()) expected = {found->second, size};
      }
      const Trie::Match match = trie.longest_prefix(text);
      ASSERT_EQ(match.value, expected.value);
      ASSERT_EQ(match.size, expected.size);
    }
  }
}

TEST(Trie, MayBeEmpty) {
  EXPECT_EQ(Trie().longest_prefix("a").size, 0u);
  EXPECT_EQ(Trie(std::vector<std::pair<std::string_view, int32_t>>()).longest_prefix("a").size, 0u);
}

TEST(Vocabulary, FindsWhatAMapFinds) {
  testing::Random random(3);
  for (int round = 0; round < 300; ++round) {
    const auto text = [&] {
      std::string bytes;
      for (uint32_t left = random.below(6); left > 0; --left) bytes += static_cast<char>("#ab\xff"[random.below(4)]);
      return bytes;
    };
    std::vector<std::pair<std::string, int32_t>> tokens;
    std::map<std::string, int32_t> ids;  // of a token given twice the highest
    for (int32_t id = 0, left = static_cast<int32_t>(random.below(60)); left > 0; --left) {
      id += 1 + static_cast<int32_t>(random.below(3));
      tokens.emplace_back(text(), id);
      ids[tokens.back().first] = id;
    }
    std::vector<std::pair<std::string_view, int32_t>> entries(tokens.begin(), tokens.end());
    for (size_t i = entries.size(); i > 1; --i)
      std::swap(entries[i - 1], entries[random.below(static_cast<uint32_t>(i))]);
    const Vocabulary vocabulary = Vocabulary::build("test", entries).value();

    ASSERT_EQ(vocabulary.size(), ids.size());
    for (const auto& [token, id] : tokens) {
      ASSERT_EQ(vocabulary.id(token), ids[token]);
      ASSERT_EQ(vocabulary.token(id), id == ids[token] ? token : "");
    }
    for (int query = 0; query < 50; ++query) {
      const std::string prefix = text(), word = text() + text();
      const auto known = ids.find(word);
      ASSERT_EQ(vocabulary.id(word), known == ids.end() ? std::nullopt : std::optional(known->second));
      int32_t expected = -1;
      size_t expected_size = 0;
      for (size_t size = 1; size <= word.size(); ++size) {
        const auto found = ids.find(prefix + word.substr(0, size));
        if (found != ids.end()) expected = found->second, expected_size = size;
      }
      const auto match = vocabulary.longest_match(prefix, word);
      ASSERT_EQ(match.has_value(), expected_size > 0);
      if (match) {
        ASSERT_EQ(match->id, expected);
        ASSERT_EQ(match->size, expected_size);
      }
    }
  }
}

TEST(Vocabulary, MayBeEmpty) {
  for (const Vocabulary& vocabulary : {Vocabulary(), Vocabulary::build("test", {}).value()}) {
    EXPECT_EQ(vocabulary.size(), 0u);
    EXPECT_EQ(vocabulary.highest_id(), -1);
    EXPECT_EQ(vocabulary.id(""), std::nullopt);
    EXPECT_EQ(vocabulary.token(0), "");
    EXPECT_FALSE(vocabulary.longest_match("##", "a"));
  }
}

// A file made so that every look-up would go through all of its tokens.
TEST(Vocabulary, RefusesTokensMadeToCollide) {
  constexpr size_t kTokens = 2000, kSlots = 8192;  // at least as many as the table has
  std::vector<std::string> tokens;
  for (uint32_t i = 0; tokens.size() < kTokens; ++i) {
    std::string token = std::to_string(i);
    const uint64_t hash = hash_of(token);
    if (((hash ^ hash >> 32) % kSlots) == 5) tokens.push_back(std::move(token));
  }
  std::vector<std::pair<std::string_view, int32_t>> entries;
  for (const std::string& token : tokens) entries.emplace_back(token, static_cast<int32_t>(entries.size()));
  const auto vocabulary = Vocabulary::build("vocab.txt", entries);
  ASSERT_FALSE(vocabulary.ok());
  EXPECT_EQ(vocabulary.status().code(), ErrorCode::bad_model);
  EXPECT_EQ(vocabulary.status().message(), "vocab.txt: its tokens are made to collide");
}

TEST(Unicode, DecompositionsAreCompleteAndStable) {
  // Nothing that a decomposition holds decomposes further, and small letters have no smaller ones.
  char32_t parts[unicode::kMaxDecomposition], again[unicode::kMaxDecomposition];
  for (char32_t c = 0; c < 0x110000; ++c) {
    const size_t size = unicode::decompose(c, parts);
    for (size_t i = 0; i < size; ++i) {
      ASSERT_EQ(unicode::decompose(parts[i], again), 1u);
      ASSERT_EQ(again[0], parts[i]);
    }
    const size_t lower_size = unicode::lowercase(c, parts);
    ASSERT_GE(lower_size, 1u);
    unicode::lowercase(parts[0], again);
    ASSERT_EQ(parts[0], again[0]);
  }
}

TEST(Unicode, AsciiBitsAreThoseOfTheTable) {
  for (char32_t c = 0; c < 0x80; ++c) EXPECT_EQ(unicode::bits(c), unicode::properties(c).bits);
}

}  // namespace
}  // namespace latformer
