// Time is linear in the text, for every setting of every tokenizer: eight times the text takes some eight times as
// long, and nothing near the sixty-four times of a square.
//
// Times are those of this thread's processor, and what looks like more is measured again: a machine that is busy with
// other things changes them by a little, a loop within a loop by a lot.
#include <gtest/gtest.h>
#include <time.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "core/text/tokenizer.h"
#include "tests/unit/support/sanitized.h"
#include "tests/unit/text/fixtures.h"

namespace latformer {
namespace {

constexpr size_t kBytes = 2'500;
constexpr size_t kTimes = 8;
constexpr double kMost = 28;  // a half of kTimes^2, about
constexpr int kTries = 6;

double processor_seconds() {
  timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

std::string repeated(std::string_view piece, size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += piece;
  return text;
}

// All that a text goes through.
void read(const Tokenizer& tokenizer, std::string_view text) {
  const Encoding encoding = tokenizer.encode(text, {}, SIZE_MAX).value();
  (void)tokenizer.encode("a", text, SIZE_MAX);
  (void)tokenizer.encode_windows(text, 64, 8);
  (void)tokenizer.decode(encoding.ids, false);
  (void)to_utf16(text, encoding.spans);
}

double seconds_for(const Tokenizer& tokenizer, std::string_view text) {
  const double begin = processor_seconds();
  read(tokenizer, text);
  return processor_seconds() - begin;
}

void expect_linear(const Tokenizer& tokenizer, std::string_view piece, const std::string& what) {
  const std::string some = repeated(piece, kBytes);
  const std::string many = repeated(piece, kBytes * kTimes);
  double few_seconds = 1e9;
  double many_seconds = 1e9;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    few_seconds = std::min(few_seconds, seconds_for(tokenizer, some));
    many_seconds = std::min(many_seconds, seconds_for(tokenizer, many));
    if (many_seconds <= kMost * few_seconds) return;
  }
  ADD_FAILURE() << what << ", \"" << piece << "\": " << kTimes << " times the text takes " << many_seconds / few_seconds
                << " times as long";
}

const std::vector<std::string> kPieces = {" ",
                                          "a",
                                          "a ",
                                          "'",
                                          "x'",
                                          "'s",
                                          "\n",
                                          "\r\n",
                                          " \n",
                                          "1",
                                          "1 ",
                                          "!",
                                          "##",
                                          "\u0301",
                                          "é",
                                          "a\u0301",
                                          "世",
                                          "\u00a0",
                                          "\t",
                                          "\u200b",
                                          "\xff",
                                          "\xe4\xb8",
                                          "\xed\xa0\x80",
                                          "[MASK]",
                                          "[MASK] ",
                                          "[",
                                          "<|endoftext|>",
                                          "<|endoftext|> ",
                                          "<",
                                          "<new>  ",
                                          "the ",
                                          "\u2581",
                                          "\u20ac",
                                          "qz",
                                          "\u00f8",
                                          "unaffable",
                                          "Ä ß "};

TEST(Linear, EverySettingOfTheGoldens) {
  if (testing::kSanitized) GTEST_SKIP();  // what it adds to each access is no part of the question
  size_t settings = 0;
  const std::string folder = std::string(LATFORMER_SOURCE_DIR) + "/" + std::string(testing::kGoldens) + "tokenizers";
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    const std::string name = file.path().stem().string();
    const Result<Tokenizer> tokenizer = testing::load_golden(name);
    ASSERT_TRUE(tokenizer.ok()) << name << ": " << tokenizer.status().message();
    for (const std::string& piece : kPieces) expect_linear(*tokenizer, piece, name);
    ++settings;
  }
  EXPECT_GE(settings, 38U);
}

// Added tokens of white space, of letters and of both, each with every setting that they can have.
TEST(Linear, EverySettingOfAddedTokens) {
  if (testing::kSanitized) GTEST_SKIP();
  for (int bits = 0; bits < 32; ++bits) {
    const auto flag = [&](int bit) { return std::string((bits >> bit & 1) != 0 ? "true" : "false"); };
    std::string tokens;
    int id = 7;
    for (const char* content : {" ", "a", " x", "a b", "\\n\\n"}) {
      tokens += (tokens.empty() ? R"({"content":")" : R"(,{"content":")") + std::string(content) + R"(","id":)" +
                std::to_string(id++) + R"(,"lstrip":)" + flag(0) + R"(,"rstrip":)" + flag(1) + R"(,"single_word":)" +
                flag(2) + R"(,"normalized":)" + flag(3) + R"(,"special":)" + flag(4) + "}";
    }
    const std::string word_pieces = R"({"added_tokens":[)" + tokens + R"(],
      "normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},
      "pre_tokenizer":{"type":"BertPreTokenizer"},
      "post_processor":{"type":"BertProcessing","cls":["[CLS]",1],"sep":["[SEP]",2]},
      "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##",
               "max_input_chars_per_word":1000000000,
               "vocab":{"[UNK]":0,"[CLS]":1,"[SEP]":2,"b":3,"##b":4,"##bbbb":5,"##c":6}}})";
    const std::string bytes = R"({"added_tokens":[)" + tokens + R"(],
      "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"use_regex":)" +
                              flag(4) + R"(},
      "decoder":{"type":"ByteLevel"},
      "model":{"type":"BPE","unk_token":"?","fuse_unk":)" +
                              flag(3) + R"(,
               "vocab":{"?":0,"b":1,"bb":2,"bbbb":3,"c":4,"cb":5,"Ġ":6},"merges":["b b","bb bb","c b"]}})";
    for (const std::string& json : {word_pieces, bytes}) {
      const Result<Tokenizer> tokenizer = Tokenizer::from_tokenizer_json(json);
      ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message() << json;
      const std::string what = (json == bytes ? "bytes, " : "word pieces, ") + std::to_string(bits);
      for (const char* piece : {" ", "a", "a ", " x", "x ", "a b", "a  ", "\n", "b", "cb", "bbbbbbbbc", "\xff"}) {
        expect_linear(*tokenizer, piece, what);
      }
    }
  }
}

}  // namespace
}  // namespace latformer
