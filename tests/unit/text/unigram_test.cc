// Unigram's own ways; that it agrees with Hugging Face's is golden_test.cc's matter.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/text/tokenizer.h"
#include "core/text/unicode/graphemes.h"

namespace latformer {
namespace {

struct Parts {
  std::string vocab = R"([["<unk>",0],["a",-1],["b",-1],["ab",-1.5],["\u2581",-2],["\u2581a",-2.5],["<0xC3>",-9]])";
  std::string model = R"("unk_id":0)";
  std::string normalizer = "null";
  std::string pre_tokenizer = R"({"type":"Metaspace","replacement":"\u2581","prepend_scheme":"always"})";
  std::string decoder = R"({"type":"Metaspace","replacement":"\u2581","prepend_scheme":"always"})";

  Result<Tokenizer> load() const {
    return Tokenizer::from_tokenizer_json(R"({"normalizer":)" + normalizer + R"(,"pre_tokenizer":)" + pre_tokenizer +
                                          R"(,"decoder":)" + decoder + R"(,"model":{"type":"Unigram",)" + model +
                                          R"(,"vocab":)" + vocab + "}}");
  }
};

using Ids = std::vector<int32_t>;
Ids ids(const Parts& parts, std::string_view text) {
  const Result<Tokenizer> tokenizer = parts.load();
  if (!tokenizer.ok()) {
    ADD_FAILURE() << tokenizer.status().message();
    return {};
  }
  return tokenizer->encode(text, {}, 1000).value().ids;
}

TEST(Unigram, TakesTheWayOfTheHighestSum) {
  EXPECT_EQ(ids({}, "ab"), (Ids{4, 3}));  // -2 - 1.5, before -2.5 - 1: of equals the longest last token
  EXPECT_EQ(ids({}, "aab"), (Ids{5, 3}));
  EXPECT_EQ(ids({}, ""), Ids());
  EXPECT_EQ(ids({}, " "), (Ids{4}));
}

TEST(Unigram, UnknownCharactersInARowAreOneToken) {
  const Tokenizer tokenizer = Parts{}.load().value();
  const Encoding encoding = tokenizer.encode("xya", {}, 1000).value();
  EXPECT_EQ(encoding.ids, (Ids{4, 0, 1}));
  EXPECT_EQ(encoding.spans[1].begin, 0U);
  EXPECT_EQ(encoding.spans[1].end, 2U);
}

TEST(Unigram, FallsBackToBytesIfAllAreTokens) {
  Parts parts;
  parts.model = R"("unk_id":0,"byte_fallback":true)";
  EXPECT_EQ(ids(parts, "\u00e9"), (Ids{4, 0}));
  parts.vocab.insert(parts.vocab.size() - 1, R"(,["<0xA9>",-9])");
  EXPECT_EQ(ids(parts, "\u00e9"), (Ids{4, 6, 7}));
  EXPECT_EQ(ids(parts, "\u00e9\u00e9"), (Ids{4, 6, 7, 6, 7}));
}

TEST(Unigram, PutsTokensTogetherAgain) {
  const std::vector<int32_t> tokens = {5, 3, 4, 5};
  EXPECT_EQ(Parts{}.load()->decode(tokens, false), "aab  a");
  Parts parts;
  parts.decoder = "null";
  EXPECT_EQ(parts.load()->decode(tokens, false), "\u2581a ab \u2581 \u2581a");
}

TEST(Unigram, NamesWhatItDoesNotSupport) {
  const auto check = [](std::string Parts::* field, const char* value, ErrorCode code, std::string_view message) {
    Parts parts;
    parts.*field = value;
    const Result<Tokenizer> tokenizer = parts.load();
    ASSERT_FALSE(tokenizer.ok()) << value;
    EXPECT_EQ(tokenizer.status().code(), code) << tokenizer.status().message();
    EXPECT_NE(tokenizer.status().message().find(message), std::string::npos) << tokenizer.status().message();
  };
  using enum ErrorCode;
  check(&Parts::vocab, "[]", bad_model, "model.vocab is empty");
  check(&Parts::vocab, R"([["a"]])", bad_model, "model.vocab[0] must be a token and its score");
  check(&Parts::vocab, R"([["a", 0], ["a", 1]])", unsupported_model, "model.vocab has a token twice");
  check(&Parts::vocab, (R"([[")" + std::string(1001, 'a') + R"(", 0]])").c_str(), unsupported_model, "1000 bytes");
  check(&Parts::model, R"("unk_id":7)", bad_model, "model.unk_id");
  check(&Parts::model, R"("unk_id":null)", bad_model, "model.unk_id");
  check(&Parts::model, R"("unk_id":0,"alpha":0.1)", unsupported_model, "model.alpha");
  check(&Parts::decoder, R"({"type":"ByteFallback"})", unsupported_model, "decoder.type is \"ByteFallback\"");
  check(&Parts::normalizer, R"({"type":"ByteLevel"})", unsupported_model, "normalizer.type is \"ByteLevel\"");
  check(&Parts::normalizer, R"({"type":"Replace","pattern":{"Regex":"a|b"},"content":""})", unsupported_model,
        "normalizer.pattern.Regex is \"a|b\"");
  check(&Parts::normalizer, R"({"type":"Replace","pattern":{"String":""},"content":""})", unsupported_model,
        "is empty");
  for (const char* map : {"?", "AAAA", "AAAAAAAA", "BAAAAAAA", "BAAAAAAAAAD/"}) {
    check(&Parts::normalizer,
          (R"({"type":"Precompiled","precompiled_charsmap":")" + std::string(map) + R"("})").c_str(), bad_model,
          "normalizer.precompiled_charsmap");
  }
  check(&Parts::pre_tokenizer, R"({"type":"ByteLevel"})", unsupported_model, "pre_tokenizer is of bytes");
  check(&Parts::pre_tokenizer, R"({"type":"UnicodeScripts"})", unsupported_model, "pre_tokenizer.type");
  check(&Parts::pre_tokenizer, R"({"type":"Split","pattern":{"Regex":"a|b"},"behavior":"Isolated"})", unsupported_model,
        "pre_tokenizer.pattern.Regex");
  check(&Parts::pre_tokenizer, R"({"type":"Split","pattern":{"String":"a"},"behavior":"Kept"})", bad_model,
        "pre_tokenizer.behavior is \"Kept\"");
  check(&Parts::pre_tokenizer, R"({"type":"Metaspace","replacement":"_","prepend_scheme":"often"})", unsupported_model,
        "pre_tokenizer.prepend_scheme is \"often\"");
  std::string many = R"({"type":"Lowercase"})";
  for (int i = 0; i < 16; ++i) many += R"(,{"type":"Lowercase"})";
  check(&Parts::normalizer, (R"({"type":"Sequence","normalizers":[)" + many + "]}").c_str(), unsupported_model,
        "too many parts");
}

TEST(Unigram, OneWordOfAMegabyte) {
  Parts parts;
  parts.pre_tokenizer = "null";
  std::string text(size_t{1} << 20, 'a');
  EXPECT_EQ(parts.load()->encode(text, {}, 100).value().ids.size(), 100U);
  EXPECT_EQ(parts.load()->encode(text, {}, SIZE_MAX).value().ids.size(), text.size());
}

TEST(Graphemes, ClustersOfAFewBytes) {
  const auto clusters = [](std::string_view text) {
    std::vector<std::string_view> found;
    for (size_t begin = 0; begin < text.size(); begin += found.back().size()) {
      found.push_back(text.substr(begin, unicode::end_of_grapheme(text, begin) - begin));
    }
    return found;
  };
  using Clusters = std::vector<std::string_view>;
  EXPECT_EQ(clusters("ab\r\n\r\u0301\n"), (Clusters{"a", "b", "\r\n", "\r", "\u0301", "\n"}));
  EXPECT_EQ(clusters("e\u0301\u0316x\u200d"), (Clusters{"e\u0301\u0316", "x\u200d"}));
  EXPECT_EQ(clusters("\u0600a\u0301\u0600\n"), (Clusters{"\u0600a\u0301", "\u0600", "\n"}));
  EXPECT_EQ(clusters("\t\u0301\u200b\u0301"), (Clusters{"\t", "\u0301", "\u200b", "\u0301"}));
}

}  // namespace
}  // namespace latformer
