// Ids, spans and the rest against Hugging Face's tokenizers (tests/parity/tokenizer/make_goldens.py).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/text/normalizers/normalizer_step.h"
#include "core/text/tokenizer.h"
#include "core/text/unicode/unicode.h"
#include "core/text/utf8.h"
#include "core/text/wordpiece/normalizer.h"
#include "tests/unit/support/sanitized.h"
#include "tests/unit/text/fixtures.h"

namespace latformer {
namespace {

using testing::Hash;
using testing::read_file;
using testing::split;

std::string row(const Encoding& encoding, size_t i) {
  std::string text;
  for (const int64_t number :
       {int64_t{encoding.ids[i]}, int64_t{encoding.spans[i].begin}, int64_t{encoding.spans[i].end},
        int64_t{encoding.type_ids[i]}, int64_t{encoding.sequence_ids[i]}, int64_t{encoding.is_special[i]}}) {
    text += (text.empty() ? "" : ",") + std::to_string(number);
  }
  return text;
}

void add(const Encoding& encoding, bool truncated, Hash& hash) {
  hash.add_number(static_cast<uint32_t>(encoding.ids.size()));
  hash.add_number(truncated);
  for (size_t i = 0; i < encoding.ids.size(); ++i) {
    hash.add_number(static_cast<uint32_t>(encoding.ids[i]));
    hash.add_number(encoding.spans[i].begin);
    hash.add_number(encoding.spans[i].end);
    hash.add_number(encoding.type_ids[i]);
    hash.add_number(encoding.sequence_ids[i]);
    hash.add_number(encoding.is_special[i]);
  }
}

// The lines of a golden file without its comments, which go to `head`.
std::vector<std::string_view> golden_lines(std::string_view file, std::vector<std::string_view>& head) {
  std::vector<std::string_view> lines;
  for (const std::string_view line : split(file, '\n')) {
    if (line.starts_with("# ")) {
      head.push_back(line.substr(2));
    } else if (!line.empty()) {
      lines.push_back(line);
    }
  }
  return lines;
}

constexpr size_t kMostSpecial = 4;  // tokens of a byte-level pair

// decodes: what the encodings are when they are put together again counts, too.
void check_hashes(const std::string& file, bool decodes) {
  std::vector<std::string_view> names;
  const std::vector<std::string_view> hashes = golden_lines(file, names);
  std::vector<Tokenizer> tokenizers;
  for (size_t i = 1; i < names.size(); ++i) {  // the first names the library's version
    Result<Tokenizer> tokenizer = testing::load_golden(names[i]);
    ASSERT_TRUE(tokenizer.ok()) << names[i] << ": " << tokenizer.status().message();
    tokenizers.push_back(std::move(tokenizer).value());
  }
  const testing::Strings strings;
  size_t different = 0;
  for (size_t i = 0; i < hashes.size(); i += testing::kCaseStep) {
    testing::Strings::Item item = strings.item(i);
    if (decodes) item.max_tokens = std::max(item.max_tokens, kMostSpecial);
    Hash hash;
    for (const Tokenizer& tokenizer : tokenizers) {
      const Result<Encoding> encoding = tokenizer.encode(item.text, item.pair, item.max_tokens);
      ASSERT_TRUE(encoding.ok());
      const Result<std::vector<Encoding>> windows = tokenizer.encode_windows(item.text, item.window, item.stride);
      ASSERT_TRUE(windows.ok()) << windows.status().message();
      std::vector<const Encoding*> all = {&*encoding};
      for (const Encoding& window : *windows) all.push_back(&window);
      for (const Encoding* each : all) {
        add(*each, each == &*encoding && encoding->truncated, hash);
        if (decodes) hash.add(tokenizer.decode(each->ids, true)), hash.add(tokenizer.decode(each->ids, false));
      }
    }
    if (hash.hex() == hashes[i]) continue;
    EXPECT_GE(++different, 10u) << "string " << i << " differs; make_goldens.py --show " << i << " tells what is right";
  }
  EXPECT_EQ(different, 0u) << "of " << hashes.size() << " strings";
}

void check_examples(const std::string& file) {
  std::vector<std::string_view> head;
  const testing::Strings strings;
  std::map<std::string_view, Tokenizer> tokenizers;
  for (const std::string_view line : golden_lines(file, head)) {
    const std::vector<std::string_view> fields = split(line, ' ');
    const std::string text = testing::from_hex(fields[2]);
    std::optional<std::string> pair;
    if (fields[3] != "-") pair = testing::from_hex(fields[3]);
    const testing::Strings::Item item = strings.item(std::stoul(std::string(fields[0])));
    ASSERT_EQ(item.text, text) << "the strings are not drawn as make_goldens.py does";
    ASSERT_EQ(item.pair, pair);

    auto tokenizer = tokenizers.find(fields[1]);
    if (tokenizer == tokenizers.end()) {
      Result<Tokenizer> loaded = testing::load_golden(fields[1]);
      ASSERT_TRUE(loaded.ok()) << loaded.status().message();
      tokenizer = tokenizers.emplace(fields[1], std::move(loaded).value()).first;
    }
    const Result<Encoding> encoding = tokenizer->second.encode(text, pair, std::stoul(std::string(fields[4])));
    ASSERT_TRUE(encoding.ok());
    EXPECT_EQ(encoding->truncated, fields[5] == "1") << line;
    std::vector<std::string> rows;
    rows.reserve(encoding->ids.size());
    for (size_t i = 0; i < encoding->ids.size(); ++i) rows.push_back(row(*encoding, i));
    EXPECT_EQ(rows, std::vector<std::string>(fields.begin() + 6, fields.end())) << line;
  }
}

std::string golden(std::string_view name) { return read_file(std::string(testing::kGoldens).append(name)).value(); }

TEST(Golden, ExamplesAgreeWithHuggingFace) { check_examples(golden("examples.txt")); }
TEST(Golden, TenThousandStringsAgreeWithHuggingFace) { check_hashes(golden("hashes.txt"), false); }
TEST(Golden, ByteLevelExamplesAgreeWithHuggingFace) { check_examples(golden("byte_level_examples.txt")); }
TEST(Golden, TenThousandStringsOfByteLevelAgreeWithHuggingFace) { check_hashes(golden("byte_level_hashes.txt"), true); }

TEST(Golden, UnigramExamplesAgreeWithHuggingFace) { check_examples(golden("unigram_examples.txt")); }
TEST(Golden, TenThousandStringsOfUnigramAgreeWithHuggingFace) { check_hashes(golden("unigram_hashes.txt"), true); }

// Any tokenizer.json: make_goldens.py --tokenizer FILE writes what is right beside it.
TEST(Golden, AGivenTokenizerAgreesWithHuggingFace) {
  const char* given = std::getenv("LATFORMER_TOKENIZER");
  if (given == nullptr) GTEST_SKIP() << "LATFORMER_TOKENIZER names no tokenizer.json";
  std::string path = given;
  check_hashes(read_file(path.substr(0, path.rfind('.')) + ".hashes.txt").value(), true);
}

TEST(Golden, TheBundledTokenizerAgreesWithHuggingFace) {
  const auto hashes = read_file("tests/parity/tokenizer/goldens/bundled.txt");
  if (!hashes || !read_file("models/sentiment/tokenizer.json")) GTEST_SKIP() << "no bundled model here";
  check_hashes(*hashes, false);
}

// Words of normalized text, and the bytes that they stand for (a Sink of Normalizer).
struct Words {
  void put(char32_t c, TextSpan span) {
    if (unicode::has(c, unicode::kWhiteSpace)) return end();
    const bool is_punctuation = unicode::has(c, unicode::kPunctuation);
    if (is_punctuation) end();
    if (word.empty()) whole.begin = span.begin;
    whole.end = span.end;
    utf8::append(c, word);
    if (is_punctuation) end();
  }
  void end() {
    if (word.empty()) return;
    hash.add(word);
    hash.add_number(whole.begin);
    hash.add_number(whole.end);
    word.clear();
  }
  bool full() const { return false; }

  Hash& hash;
  std::string word = {};
  TextSpan whole = {};
};

TEST(Golden, EveryCodePointAgreesWithHuggingFace) {
  const std::string kept_marks = "\U0001e000\U0001d16d\u302e\U0001d165\u1b44\U0001e94a";
  const std::vector<std::vector<std::string>> contexts = {// the code point stands between the parts
                                                          {"", ""},
                                                          {"", "", ""},
                                                          {"a", "b"},
                                                          {"a", kept_marks + "b"},
                                                          {"A\u0301", "\u0316\u302e", "B"}};
  const std::vector<NormalizerSettings> settings = {
      {true, true, true, true}, {true, true, false, true}, {false, false, true, false}};
  const std::vector<std::vector<std::string>> form_contexts = {{"", ""},
                                                               {"a", "\u0300\u0316\u0301b"},
                                                               {"\u0316", "\u0300", "\u0316"},
                                                               {"\u1100", "\u11a8"},
                                                               {"A\u030a\u0301", ""}};
  std::vector<Normalizers> forms;
  for (const auto& [is_compatible, composes] : {std::pair(false, true), {false, false}, {true, true}, {true, false}}) {
    forms.push_back({{.kind = NormalizerStep::Kind::normal_form, .form = {is_compatible, composes}}});
  }
  forms.push_back({{.kind = NormalizerStep::Kind::strip_marks}});
  const auto around = [](const std::string& character, const std::vector<std::string>& context) {
    std::string text = context[0];
    for (size_t i = 1; i < context.size(); ++i) text += character + context[i];
    return text;
  };
  const std::string file = read_file("tests/parity/tokenizer/goldens/unicode.txt").value();
  std::vector<std::string_view> head;
  const std::vector<std::string_view> lines = golden_lines(file, head);
  ASSERT_EQ(lines.size(), 0x110u);
  for (size_t block = 0; block < lines.size(); block += testing::kCaseStep) {
    Hash words, word_characters, classes, normal;
    for (auto c = static_cast<char32_t>(block << 12); c < (block + 1) << 12; ++c) {
      if (c >= 0xD800 && c <= 0xDFFF) continue;
      std::string bytes;
      utf8::append(c, bytes);
      const size_t used = c < 0x40000 ? contexts.size() : 3;
      for (size_t k = 0; k < used; ++k) {
        const std::string text = around(bytes, contexts[k]);
        for (const NormalizerSettings& options : settings) {
          Words sink{words};
          Normalizer(options, sink).run(text, 0, text.size());
          sink.end();
        }
      }
      word_characters.add(std::string(1, unicode::has(c, unicode::kWord) ? '\1' : '\0'));
      for (const uint8_t bit : {unicode::kLetter, unicode::kNumber, unicode::kWhiteSpace, unicode::kNumeric}) {
        classes.add(std::string(1, unicode::has(c, bit) ? '\1' : '\0'));
      }
      const size_t used_by_forms = c < 0x40000 ? form_contexts.size() : 1;
      for (size_t k = 0; k < used_by_forms; ++k) {
        const std::string text = around(bytes, form_contexts[k]);
        for (const Normalizers& form : forms) normal.add(normalize_text(form, text, 0, text.size()).text);
      }
    }
    EXPECT_EQ(std::string(lines[block].substr(7)),
              words.hex() + " " + word_characters.hex() + " " + classes.hex() + " " + normal.hex())
        << "block " << lines[block];
  }
}

}  // namespace
}  // namespace latformer
