// Any bytes as vocab.txt and tokenizer_config.json, a text and its pair (parts with a line "--" between them): no
// crash, and every encoding is sound.
#include "tests/fuzz/encodings.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace latformer;
  std::string_view rest = fuzz::text_of(data, size);
  const std::string_view vocab = fuzz::next_part(rest);
  const Result<Tokenizer> tokenizer = Tokenizer::from_vocab(vocab, fuzz::next_part(rest));
  fuzz::require_sound(tokenizer.status());
  if (!tokenizer.ok()) return 0;
  const std::string_view text = fuzz::next_part(rest);
  fuzz::check(*tokenizer, text, rest);
  return 0;
}
