// Any bytes as a text and its pair (a line "--" between them), read by a tokenizer that has every kind of added token:
// every encoding is sound.
#include "tests/fuzz/encodings.h"

namespace {

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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace latformer;
  static const Tokenizer tokenizer = Tokenizer::from_tokenizer_json(kTokenizer).value();
  std::string_view rest = fuzz::text_of(data, size);
  const std::string_view text = fuzz::next_part(rest);
  fuzz::check(tokenizer, text, rest);
  return 0;
}
