// What older versions of transformers have written beside vocab.txt, and what tokenizer_config.json says of a
// tokenizer's use. Right values are those of transformers 5.23 with tokenizers 0.23.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/text/tokenizer.h"

namespace latformer {
namespace {

constexpr std::string_view kVocab = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\nd\n<s>\n</s>\n<unk>\n<pad>\n";

std::vector<int32_t> ids(const TokenizerFiles& files, std::string_view text, size_t most = 100) {
  const Result<Tokenizer> tokenizer = Tokenizer::create(files);
  if (!tokenizer.ok()) {
    ADD_FAILURE() << tokenizer.status().message();
    return {};
  }
  return tokenizer->encode(text, {}, most).value().ids;
}

using Ids = std::vector<int32_t>;

TEST(LegacyFiles, TokensAddedInAFileOfTheirOwn) {
  constexpr std::string_view kAdded = R"({"[WORLD]": 13, "Product_X": 14})";
  EXPECT_EQ(ids({.vocab_txt = kVocab, .added_tokens_json = kAdded}, "[WORLD] a Product_X"), (Ids{2, 13, 5, 14, 3}));
  // They do not count beside added_tokens_decoder.
  EXPECT_EQ(
      ids({.tokenizer_config_json = R"({"added_tokens_decoder":{}})", .vocab_txt = kVocab, .added_tokens_json = kAdded},
          "Product_X"),
      (Ids{2, 1, 1, 1, 3}));
  const Result<Tokenizer> broken = Tokenizer::create({.vocab_txt = kVocab, .added_tokens_json = R"({"x":"y"})"});
  ASSERT_FALSE(broken.ok());
  EXPECT_NE(broken.status().message().find("added_tokens.json"), std::string::npos) << broken.status().message();
}

TEST(LegacyFiles, SpecialTokensNamedInAFileOfTheirOwn) {
  constexpr std::string_view kMap =
      R"({"cls_token":"<s>","sep_token":{"content":"</s>"},"pad_token":"<pad>","unk_token":"<unk>"})";
  EXPECT_EQ(ids({.vocab_txt = kVocab, .special_tokens_map_json = kMap}, "a zebra"), (Ids{9, 5, 11, 10}));
  // It counts before tokenizer_config.json, but not beside added_tokens_decoder.
  EXPECT_EQ(
      ids({.tokenizer_config_json = R"({"cls_token":"[SEP]"})", .vocab_txt = kVocab, .special_tokens_map_json = kMap},
          "a"),
      (Ids{9, 5, 10}));
  EXPECT_EQ(ids({.tokenizer_config_json = R"({"added_tokens_decoder":{}})",
                 .vocab_txt = kVocab,
                 .special_tokens_map_json = kMap},
                "a"),
            (Ids{2, 5, 3}));
}

TEST(LegacyFiles, ATokenizerClassInConfigJsonCountsWhereNothingElseNamesOne) {
  const auto load = [](std::string_view config, std::string_view name) {
    return Tokenizer::create({.tokenizer_config_json = config, .vocab_txt = kVocab, .tokenizer_class = name});
  };
  const Result<Tokenizer> japanese = load(R"({"do_lower_case":false})", "BertJapaneseTokenizer");
  ASSERT_FALSE(japanese.ok());
  EXPECT_EQ(japanese.status().code(), ErrorCode::unsupported_model);
  EXPECT_EQ(japanese.status().message(),
            "config.json: tokenizer_class is \"BertJapaneseTokenizer\", but only BertTokenizer is supported");
  EXPECT_TRUE(load(R"({"tokenizer_class":"BertTokenizer"})", "BertJapaneseTokenizer").ok());
  EXPECT_TRUE(load("", "BertTokenizerFast").ok());
}

TEST(Reading, CutsTheSideThatIsNamed) {
  constexpr std::string_view kLeft = R"({"truncation_side":"left"})";
  const TokenizerFiles files = {.tokenizer_config_json = kLeft, .vocab_txt = kVocab};
  EXPECT_EQ(ids(files, "a b c d", 4), (Ids{2, 7, 8, 3}));
  EXPECT_EQ(ids(files, "a b", 4), (Ids{2, 5, 6, 3}));
  const Tokenizer tokenizer = Tokenizer::create(files).value();
  const Encoding pair = tokenizer.encode("a b c d", "d c b", 6).value();
  EXPECT_EQ(pair.ids, (Ids{2, 7, 8, 3, 6, 3}));
  EXPECT_TRUE(pair.truncated);
  EXPECT_FALSE(Tokenizer::create({.tokenizer_config_json = R"({"truncation_side":"up"})", .vocab_txt = kVocab}).ok());
}

TEST(Reading, TheMostTokensOfAText) {
  const auto most = [](std::string_view config) {
    return Tokenizer::create({.tokenizer_config_json = config, .vocab_txt = kVocab}).value().max_tokens();
  };
  EXPECT_EQ(most(R"({"model_max_length":128})"), 128u);
  EXPECT_EQ(most(R"({"model_max_length":1000000000000000019884624838656})"), SIZE_MAX);
  EXPECT_EQ(most("{}"), SIZE_MAX);
  EXPECT_FALSE(Tokenizer::create({.tokenizer_config_json = R"({"model_max_length":0})", .vocab_txt = kVocab}).ok());
}

TEST(Reading, TypesThatTheModelIsNotGiven) {
  const auto types = [](std::string_view config) {
    const Tokenizer tokenizer = Tokenizer::create({.tokenizer_config_json = config, .vocab_txt = kVocab}).value();
    return tokenizer.encode("a", "b", 10).value().type_ids;
  };
  EXPECT_EQ(types("{}"), (std::vector<uint8_t>{0, 0, 0, 1, 1}));
  EXPECT_EQ(types(R"({"model_input_names":["input_ids","token_type_ids"]})"), (std::vector<uint8_t>{0, 0, 0, 1, 1}));
  EXPECT_EQ(types(R"({"model_input_names":["input_ids","attention_mask"]})"), (std::vector<uint8_t>{0, 0, 0, 0, 0}));
}

TEST(Reading, TypesByTheClass) {
  const auto types = [](std::string_view config, std::string_view name = "") {
    const Tokenizer tokenizer =
        Tokenizer::create({.tokenizer_config_json = config, .vocab_txt = kVocab, .tokenizer_class = name}).value();
    return tokenizer.encode("a", "b", 10).value().type_ids;
  };
  using Types = std::vector<uint8_t>;
  EXPECT_EQ(types(R"({"tokenizer_class":"DistilBertTokenizer"})"), (Types{0, 0, 0, 0, 0}));
  EXPECT_EQ(types("{}", "DistilBertTokenizerFast"), (Types{0, 0, 0, 0, 0}));
  EXPECT_EQ(types(R"({"tokenizer_class":"ElectraTokenizer"})"), (Types{0, 0, 0, 1, 1}));
}

TEST(Reading, TheOldNameOfTheMostTokens) {
  const auto most = [](std::string_view config) {
    return Tokenizer::create({.tokenizer_config_json = config, .vocab_txt = kVocab}).value().max_tokens();
  };
  EXPECT_EQ(most(R"({"max_len":64})"), 64u);
  EXPECT_EQ(most(R"({"model_max_length":128,"max_len":64})"), 128u);
}

TEST(Reading, SpecialTokensThatAreSplit) {
  constexpr std::string_view kSplit = R"({"split_special_tokens":true})";
  EXPECT_EQ(ids({.vocab_txt = kVocab}, "a[MASK]"), (Ids{2, 5, 4, 3}));
  EXPECT_EQ(ids({.tokenizer_config_json = kSplit, .vocab_txt = kVocab}, "a[MASK]"), (Ids{2, 5, 1, 1, 1, 3}));
}

TEST(AddedTokens, ThoseThatAreNullAreNone) {
  EXPECT_EQ(ids({.tokenizer_config_json = R"({"mask_token":null})", .vocab_txt = kVocab}, "[MASK]"),
            (Ids{2, 1, 1, 1, 3}));
}

TEST(AddedTokens, OfNamesOfAModelsOwn) {
  EXPECT_EQ(ids({.tokenizer_config_json = R"({"image_token":"<image>","add_bos_token":true})", .vocab_txt = kVocab},
                "a<image>b"),
            (Ids{2, 5, 13, 6, 3}));
}

// GPT2Tokenizer of vocab.json with merges.txt: pairs are surrounded one by one.
TEST(VocabJson, TokensAroundATextWhereTheyAreAskedFor) {
  constexpr std::string_view kJson = R"({"a":0,"b":1,"<s>":2,"</s>":3,"<|endoftext|>":4})";
  const auto encode = [&](std::string_view config) {
    const Tokenizer tokenizer =
        Tokenizer::create({.tokenizer_config_json = config, .vocab_json = kJson, .merges_txt = "#version: 0.2\n"})
            .value();
    return std::pair(tokenizer.encode("a", {}, 10).value().ids, tokenizer.encode("a", "b", 10).value().ids);
  };
  EXPECT_EQ(encode("{}"), std::pair(Ids{0}, (Ids{0, 1})));
  EXPECT_EQ(encode(R"({"add_bos_token":true})"), std::pair((Ids{4, 0}), (Ids{4, 0, 4, 1})));
  EXPECT_EQ(encode(R"({"add_eos_token":true,"eos_token":"</s>"})"), std::pair((Ids{0, 3}), (Ids{0, 3, 1, 3})));
  EXPECT_EQ(encode(R"({"add_bos_token":true,"add_eos_token":true,"bos_token":"<s>","eos_token":"</s>"})"),
            std::pair((Ids{2, 0, 3}), (Ids{2, 0, 3, 2, 1, 3})));
}

TEST(AddedTokens, ManyBlanksThatATokenOfABlankSwallows) {
  constexpr std::string_view kConfig =
      R"({"added_tokens_decoder":{"13":{"content":" ","rstrip":true,"special":true}}})";
  const Tokenizer tokenizer = Tokenizer::create({.tokenizer_config_json = kConfig, .vocab_txt = kVocab}).value();
  const std::string blanks(1 << 20, ' ');  // minutes, if each of them looked at those behind it
  EXPECT_EQ(tokenizer.encode(blanks, {}, SIZE_MAX).value().ids.size(), blanks.size() + 2);
}

TEST(LegacyFiles, RobertaOfVocabJsonAndMerges) {
  constexpr std::string_view kJson = R"({"<s>":0,"<pad>":1,"</s>":2,"<unk>":3,"a":4,"b":5,"c":6,"Ġ":7,"ab":8,"Ġab":9,
                                         "<mask>":10})";
  constexpr std::string_view kMerges = "#version: 0.2\na b\nĠ ab\n";
  constexpr std::string_view kText = "ab ab <mask> c x";
  const auto files = [&](std::string_view config, std::string_view map) {
    return TokenizerFiles{.tokenizer_config_json = config,
                          .vocab_json = kJson,
                          .merges_txt = kMerges,
                          .special_tokens_map_json = map,
                          .tokenizer_class = "RobertaTokenizer"};
  };
  EXPECT_EQ(ids(files("", ""), kText), (Ids{0, 8, 9, 7, 10, 7, 6, 7, 2}));
  EXPECT_EQ(ids(files(R"({"add_prefix_space":true})", ""), kText), (Ids{0, 9, 9, 7, 10, 7, 6, 7, 2}));
  EXPECT_EQ(ids(files("", R"({"mask_token":{"content":"<mask>","lstrip":true}})"), kText),
            (Ids{0, 8, 9, 10, 7, 6, 7, 2}));
  EXPECT_EQ(ids(files("", R"({"cls_token":"a","sep_token":"b"})"), "ab ab"), (Ids{4, 4, 5, 7, 4, 5, 5}));
  const Encoding pair = Tokenizer::create(files("", ""))->encode("ab", "c", 100).value();
  EXPECT_EQ(pair.ids, (Ids{0, 8, 2, 2, 6, 2}));
  EXPECT_EQ(pair.type_ids, (std::vector<uint8_t>{0, 0, 0, 0, 0, 0}));
  const Encoding spans = Tokenizer::create(files("", ""))->encode("ab ab c", {}, 100).value();
  EXPECT_EQ(spans.spans[2].begin, 3U);
  EXPECT_EQ(spans.spans[2].end, 5U);
  const Result<Tokenizer> nameless = Tokenizer::create(files(R"({"sep_token":"[SEP]"})", ""));
  EXPECT_EQ(nameless.status().message(), "vocab.json: the token \"[SEP]\" is missing");
}

}  // namespace
}  // namespace latformer
