// What a folder says of itself.
#include "core/tasks/description.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/format/safetensors.h"

namespace latformer {
namespace {

constexpr std::string_view kConfig = R"({"model_type": "bert"})";
constexpr std::string_view kVocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\n";

TEST(Description, TellsTheTokenizerAndItsSettings) {
  ModelFiles files{.config_json = kConfig, .vocab_txt = kVocabulary};
  files.tokenizer_config_json = R"({"do_lower_case": false, "tokenize_chinese_chars": true})";
  const auto tokenizer = describe_tokenizer(files);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  EXPECT_EQ(tokenizer->file, "vocab.txt");
  EXPECT_EQ(tokenizer->facts.type, "WordPiece");
  EXPECT_EQ(tokenizer->tokens, 6U);
  EXPECT_EQ(tokenizer->facts.lowercase, false);
  EXPECT_EQ(tokenizer->facts.strip_accents, false);  // unset, it follows the case
  EXPECT_EQ(tokenizer->facts.handle_chinese_chars, true);
  EXPECT_EQ(describe_tokenizer({.config_json = kConfig}).status().code(), ErrorCode::bad_model);
}

TEST(Description, CountsNumbersNotWords) {
  std::vector<TensorInfo> tensors(3);
  tensors[0] = {.name = "a.weight", .dtype = DType::f16, .shape = {3, 5}};
  tensors[1] = {.name = "b.weight_packed", .dtype = DType::i32, .shape = {4, 2}};  // eight numbers in each
  tensors[2] = {.name = "b.weight_scale", .dtype = DType::f16, .shape = {4, 1}};
  const std::string head = make_safetensors_head(tensors);
  const auto weights = describe_weights(std::as_bytes(std::span(head)));
  ASSERT_TRUE(weights.ok()) << weights.status().message();
  EXPECT_EQ(weights->tensors, 3U);
  EXPECT_EQ(weights->numbers, 15U + 64U + 4U);
  EXPECT_EQ(weights->by_type.at("F16"), 19U);
  EXPECT_EQ(weights->by_type.at("I4"), 64U);
  EXPECT_EQ(describe_weights({}).status().code(), ErrorCode::bad_model);
}

}  // namespace
}  // namespace latformer
