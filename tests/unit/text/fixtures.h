// Files, hashes and the random strings that the tests of core/text share with tests/parity/tokenizer/make_goldens.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/text/tokenizer.h"

namespace latformer::testing {

inline constexpr std::string_view kGoldens = "tests/parity/tokenizer/goldens/";

// A file of the repository, or of an absolute path; nothing if it is not there.
std::optional<std::string> read_file(std::string_view path);

std::vector<std::string_view> split(std::string_view text, char separator);

// A tokenizer.json whose vocabulary is left empty, with the lines of tests/parity/tokenizer/vocab.txt put in.
std::string with_vocabulary(std::string tokenizer_json);

// The tokenizer of a name in the head of a golden file: of goldens/tokenizers, or a path of the repository.
Result<Tokenizer> load_golden(std::string_view name);

// SplitMix64.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint32_t below(uint32_t n);

 private:
  uint64_t state_;
};

// FNV-1a, 32 bits.
class Hash {
 public:
  void add(std::string_view bytes);
  void add_number(uint32_t number);
  std::string hex() const;

 private:
  uint32_t state_ = 0x811C9DC5;
};

// make_goldens.py's Strings.
class Strings {
 public:
  Strings();
  struct Item {
    std::string text;
    std::optional<std::string> pair;
    size_t max_tokens;
    size_t window, stride;
  };
  Item item(uint64_t index) const;

 private:
  std::string part(Random& random) const;
  std::string text(Random& random) const;

  std::vector<std::string> words_, pieces_;
  std::vector<std::pair<uint32_t, uint32_t>> ranges_;
  std::vector<uint32_t> marks_;
};

// The parts of a tokenizer.json, each as JSON; the rest is BERT's uncased one.
struct JsonParts {
  std::string vocabulary = R"({"[PAD]":0,"[UNK]":1,"[CLS]":2,"[SEP]":3,"[MASK]":4})";
  std::string normalizer =
      R"({"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true})";
  std::string pre_tokenizer = R"({"type":"BertPreTokenizer"})";
  std::string post_processor = R"({"type":"BertProcessing","cls":["[CLS]",2],"sep":["[SEP]",3]})";
  std::string added_tokens = R"([{"id":4,"content":"[MASK]","special":true}])";
  std::string model_type = R"("type":"WordPiece",)";
  std::string unk_token = R"("[UNK]")";
  std::string prefix = R"("##")";
  std::string max_chars = "100";

  std::string json() const;
};

// {"[PAD]":0,"[UNK]":1,"[CLS]":2,"[SEP]":3,"[MASK]":4} and then `words`.
std::string vocabulary_of(const std::vector<std::string>& words);

std::string from_hex(std::string_view hex);

}  // namespace latformer::testing
