// Any bytes as the files of a tokenizer and as the texts that it reads: no crash, and every encoding is sound.
//
// The first byte says what the rest is: tokenizer.json and a text, vocab.txt with tokenizer_config.json and a text, or
// only texts for a tokenizer that has every kind of added token. A line "\n--\n" separates them.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/tokenizer.h"

namespace {

using latformer::Encoding;
using latformer::Result;
using latformer::TextSpan;
using latformer::Tokenizer;

constexpr std::string_view kTokenizer = R"({
  "added_tokens": [
    {"content": "[MASK]", "lstrip": true, "special": true}, {"content": "<r>", "rstrip": true, "special": true},
    {"content": " x", "special": true, "lstrip": true}, {"content": "Two Words", "normalized": true},
    {"content": "in", "normalized": true, "single_word": true, "lstrip": true, "rstrip": true}],
  "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null,
                 "lowercase": true},
  "pre_tokenizer": {"type": "BertPreTokenizer"},
  "post_processor": {"type": "BertProcessing", "cls": ["[CLS]", 1], "sep": ["[SEP]", 2]},
  "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 9,
            "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "[MASK]": 3, "in": 4, "a": 5, "##a": 6, "ab": 7, "##\u302e": 8}}})";

void require(bool condition) {
  if (!condition) std::abort();
}

std::string_view next_part(std::string_view& data) {
  constexpr std::string_view kSeparator = "\n--\n";
  const size_t end = std::min(data.find(kSeparator), data.size());
  const std::string_view part = data.substr(0, end);
  data.remove_prefix(std::min(end + kSeparator.size(), data.size()));
  return part;
}

void check(const Tokenizer& tokenizer, const Encoding& encoding, std::string_view text, std::string_view pair) {
  const size_t size = encoding.ids.size();
  require(encoding.spans.size() == size && encoding.type_ids.size() == size);
  require(encoding.sequence_ids.size() == size && encoding.is_special.size() == size);
  require(encoding.continues.size() == size);
  for (size_t i = 0; i < size; ++i) {
    require(encoding.ids[i] >= 0 && static_cast<size_t>(encoding.ids[i]) < tokenizer.vocabulary_size());
    const TextSpan span = encoding.spans[i];
    require(span.begin <= span.end && span.end <= (encoding.sequence_ids[i] == 0 ? text : pair).size());
  }
}

void check(const Tokenizer& tokenizer, std::string_view text, std::string_view pair) {
  for (const size_t max_tokens : {size_t{3}, size_t{8}, SIZE_MAX}) {
    const Result<Encoding> single = tokenizer.encode(text, std::nullopt, max_tokens);
    if (single.ok()) {
      require(single->ids.size() <= max_tokens);
      check(tokenizer, *single, text, "");
      const std::vector<TextSpan> units = to_utf16(text, single->spans);
      for (size_t i = 0; i < units.size(); ++i) require(units[i].end <= single->spans[i].end);
    }
    const Result<Encoding> both = tokenizer.encode(text, pair, max_tokens);
    if (both.ok()) {
      require(both->ids.size() <= max_tokens);
      check(tokenizer, *both, text, pair);
    }
    const auto windows = tokenizer.encode_windows(text, max_tokens, 1);
    if (!windows.ok()) continue;
    for (const Encoding& window : *windows) check(tokenizer, window, text, "");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size == 0) return 0;
  std::string_view data(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  if (bytes[0] % 3 == 0) {
    const Result<Tokenizer> tokenizer = Tokenizer::from_tokenizer_json(next_part(data));
    require(tokenizer.ok() || !tokenizer.status().message().empty());
    if (tokenizer.ok()) check(*tokenizer, next_part(data), data);
  } else if (bytes[0] % 3 == 1) {
    const std::string_view vocab = next_part(data);
    const Result<Tokenizer> tokenizer = Tokenizer::from_vocab(vocab, next_part(data));
    require(tokenizer.ok() || !tokenizer.status().message().empty());
    if (tokenizer.ok()) check(*tokenizer, next_part(data), data);
  } else {
    static const Tokenizer tokenizer = Tokenizer::from_tokenizer_json(kTokenizer).value();
    check(tokenizer, next_part(data), data);
  }
  return 0;
}
