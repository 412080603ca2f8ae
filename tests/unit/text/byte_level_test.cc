// Byte-level BPE where the goldens do not look: what is refused, decoding token by token, and long words.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/text/pre_tokenizers/pre_tokenizer.h"
#include "core/text/tokenizer.h"
#include "tests/unit/text/fixtures.h"

namespace latformer {
namespace {

constexpr std::string_view kVocab = R"({"<|endoftext|>":0,"a":1,"b":2,"c":3,"Ġ":4,"ab":5,"abc":6,"Ġab":7,"Ã":8,"©":9})";
constexpr std::string_view kMerges = "#version: 0.2\na b\nab c\n\u0120 ab\n";

Tokenizer tokenizer(std::string_view config = "") { return Tokenizer::from_merges(kVocab, kMerges, config).value(); }

std::vector<int32_t> ids(const Tokenizer& tokenizer, std::string_view text) {
  return tokenizer.encode(text, {}, 1000).value().ids;
}

void expect_error(const Result<Tokenizer>& result, ErrorCode code, std::string_view part_of_message) {
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), code);
  EXPECT_NE(result.status().message().find(part_of_message), std::string::npos) << result.status().message();
}

TEST(ByteLevel, MergesInTheOrderOfTheList) {
  EXPECT_EQ(ids(tokenizer(), "abc"), (std::vector<int32_t>{6}));
  EXPECT_EQ(ids(tokenizer(), "cab ab"), (std::vector<int32_t>{3, 5, 7}));
  EXPECT_EQ(ids(tokenizer(R"({"add_prefix_space":true})"), "ab"), (std::vector<int32_t>{7}));
  EXPECT_EQ(ids(tokenizer(R"({"add_bos_token":true})"), "ab"), (std::vector<int32_t>{0, 5}));
}

TEST(ByteLevel, SpansOfASplitCharacterAreTheWholeCharacter) {
  const Encoding encoding = tokenizer().encode("a\u00e9", {}, 1000).value();
  EXPECT_EQ(encoding.ids, (std::vector<int32_t>{1, 8, 9}));
  for (const size_t i : {size_t{1}, size_t{2}}) {
    EXPECT_EQ(encoding.spans[i].begin, 1u);
    EXPECT_EQ(encoding.spans[i].end, 3u);
  }
}

TEST(ByteLevel, DecodingHandsOutWholeCharactersOnly) {
  const Tokenizer loaded = tokenizer();
  Decoder decoder(loaded, true);
  EXPECT_EQ(decoder.append(5), "ab");
  EXPECT_EQ(decoder.append(8), "");
  EXPECT_EQ(decoder.append(9), "\u00e9");
  EXPECT_EQ(decoder.append(0), "");  // special
  EXPECT_EQ(decoder.append(8), "");
  EXPECT_EQ(decoder.append(7), "\uFFFD ab");
  EXPECT_EQ(decoder.append(8), "");
  EXPECT_EQ(decoder.finish(), "\uFFFD");
  EXPECT_EQ(decoder.append(77), "");
  const std::vector<int32_t> all = {7, 8, 9, 0, 1};
  EXPECT_EQ(loaded.decode(all, true), " ab\u00e9a");
  EXPECT_EQ(loaded.decode(all, false), " ab\u00e9<|endoftext|>a");
}

TEST(ByteLevel, RefusesDamagedFiles) {
  const auto merges = [](std::string_view lines) { return Tokenizer::from_merges(kVocab, lines, ""); };
  expect_error(merges("a b c\n"), ErrorCode::bad_model, "merges.txt: line 1 is no merge");
  expect_error(merges("#version\n\na b\nab\n"), ErrorCode::bad_model, "merges.txt: line 4 is no merge");
  expect_error(merges("a x\n"), ErrorCode::bad_model, "merge 1 is of or gives \"x\"");
  expect_error(merges("b a\n"), ErrorCode::bad_model, "merge 1 is of or gives \"ba\"");
  expect_error(Tokenizer::from_merges("[]", kMerges, ""), ErrorCode::bad_model, "vocab.json");
  expect_error(Tokenizer::from_merges(kVocab, kMerges, R"({"tokenizer_class":"LlamaTokenizer"})"),
               ErrorCode::unsupported_model, "LlamaTokenizer");
}

std::string json(std::string_view key, std::string_view value) {
  std::string pre_tokenizer = R"({"type":"ByteLevel","add_prefix_space":false,"use_regex":true})";
  std::string normalizer = "null", decoder = "null", merges = R"(["a b","ab c"])", more;
  (key == "pre_tokenizer" ? pre_tokenizer
   : key == "normalizer"  ? normalizer
   : key == "decoder"     ? decoder
   : key == "merges"      ? merges
                          : more) = value;
  return R"({"version":"1.0","normalizer":)" + normalizer + R"(,"pre_tokenizer":)" + pre_tokenizer + R"(,"decoder":)" +
         decoder + R"(,"model":{"type":"BPE",)" + more + R"("merges":)" + merges + R"(,"vocab":)" +
         std::string(kVocab) + "}}";
}

TEST(ByteLevel, NamesWhatItDoesNotSupport) {
  const auto check = [](std::string_view key, std::string_view value, ErrorCode code, std::string_view message) {
    expect_error(Tokenizer::from_tokenizer_json(json(key, value)), code, message);
  };
  using enum ErrorCode;
  ASSERT_TRUE(Tokenizer::from_tokenizer_json(json("", "")).ok());
  check("normalizer", R"({"type":"ByteLevel"})", unsupported_model, "normalizer.type is \"ByteLevel\"");
  const std::string nfc = json("normalizer", R"({"type":"NFC"})");
  EXPECT_TRUE(Tokenizer::from_tokenizer_json(nfc).ok());
  expect_error(Tokenizer::from_tokenizer_json(nfc, R"({"tokenizer_class":"GPT2Tokenizer"})"), unsupported_model,
               "normalizer is \"NFC\", but a GPT2Tokenizer has none");
  check("decoder", R"({"type":"Metaspace"})", unsupported_model, "decoder.type is \"Metaspace\"");
  check("pre_tokenizer", "null", unsupported_model, "pre_tokenizer is missing");
  check("pre_tokenizer", R"({"type":"Whitespace"})", unsupported_model, "does not end in ByteLevel");
  check("pre_tokenizer", R"({"type":"UnicodeScripts"})", unsupported_model, "pre_tokenizer.type is \"UnicodeScripts\"");
  check("pre_tokenizer", R"({"type":"Digits"})", unsupported_model, "does not end in ByteLevel");
  check("pre_tokenizer", R"({"type":"Sequence","pretokenizers":[{"type":"ByteLevel"},{"type":"Digits"}]})",
        unsupported_model, "something behind ByteLevel");
  check("pre_tokenizer", R"({"type":"Split","pattern":{"Regex":"\\w+"},"behavior":"Isolated"})", unsupported_model,
        "pre_tokenizer.pattern.Regex is");
  check("pre_tokenizer", R"({"type":"Split","pattern":{"String":" "},"behavior":"Isolated"})", unsupported_model,
        "does not end in ByteLevel");
  check("merges", R"(["a b c"])", bad_model, "two tokens");
  check("merges", R"([["a"]])", bad_model, "two tokens");
  check("merges", R"([["a","q"]])", bad_model, "\"q\"");
  check("", R"("end_of_word_suffix":"</w>",)", unsupported_model, "end_of_word_suffix");
  check("", R"("dropout":0.1,)", unsupported_model, "dropout");
  check("", R"("unk_token":"<unk>",)", bad_model, "\"<unk>\"");
}

TEST(ByteLevel, OneWordOfAMegabyte) {
  const std::string text(size_t{1} << 20, 'a');
  EXPECT_EQ(ids(tokenizer(), text).size(), 1000u);  // cut
  std::string pairs;
  for (int i = 0; i < 1 << 19; ++i) pairs += "ab";
  EXPECT_EQ(tokenizer().encode(pairs, {}, pairs.size()).value().ids.size(), size_t{1} << 19);
}

TEST(WordPattern, EveryCharacterBelongsToAWord) {
  const testing::Strings strings;
  for (size_t i = 0; i < 2000; ++i) {
    const std::string text = strings.item(i).text;
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = end_of_word(kGpt2Pattern, text, begin);
      ASSERT_GT(end, begin);
      ASSERT_LE(end, text.size());
      begin = end;
    }
  }
}

}  // namespace
}  // namespace latformer
