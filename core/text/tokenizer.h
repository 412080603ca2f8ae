// Text -> tokens and back, exactly as Hugging Face's tokenizers do it.
//
// The way of a text: added tokens are cut out (added_tokens.h); what is between them goes through the model of the
// family, WordPiece (wordpiece/), byte-level BPE (bpe/) or unigram (unigram/), which cuts it into words and those into
// tokens; then special tokens are put around it (template.h). A text is read in one pass, and only the word at hand is
// stored; for unigram, a step of the normalizer after the other, all of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/text/encoding.h"
#include "core/text/text_model.h"
#include "core/text/tokenizer_files.h"

namespace latformer {

class Tokenizer {
 public:
  // From the files of a model folder, put together as transformers does. Settings of tokenizer.json for truncation and
  // padding are left aside; of a BERT, do_lower_case, tokenize_chinese_chars and strip_accents of tokenizer_config.json
  // count instead of its own. Errors: bad_model (no vocabulary; broken JSON, no unknown token, merges of what is no
  // token), unsupported_model (a part that is not implemented, tokens of more than 1000 bytes).
  static Result<Tokenizer> create(const TokenizerFiles& files);

  static Result<Tokenizer> from_tokenizer_json(std::string_view json, std::string_view tokenizer_config_json = {}) {
    return create({.tokenizer_json = json, .tokenizer_config_json = tokenizer_config_json});
  }
  static Result<Tokenizer> from_vocab(std::string_view vocab_txt, std::string_view tokenizer_config_json) {
    return create({.tokenizer_config_json = tokenizer_config_json, .vocab_txt = vocab_txt});
  }

  static Result<Tokenizer> from_merges(std::string_view vocab_json, std::string_view merges_txt,
                                       std::string_view tokenizer_config_json) {
    return create({.tokenizer_config_json = tokenizer_config_json, .vocab_json = vocab_json, .merges_txt = merges_txt});
  }

  // [CLS] text [SEP], or [CLS] text [SEP] pair [SEP]. Bytes that are not UTF-8 count as U+FFFD, one for each maximal
  // ill-formed part (as Python's errors='replace'). Tokens beyond max_tokens (special ones included) are cut as by
  // Hugging Face's truncation 'longest_first', on the side that tokenizer_config.json names, and `truncated` says so.
  // Linear in the texts; a single text is not read further than max_tokens demands, unless some added tokens are
  // `normalized`, for which all of it is.
  // Errors: invalid_argument when max_tokens cannot hold the special tokens, or a text has 4 GiB.
  Result<Encoding> encode(std::string_view text, std::optional<std::string_view> pair, size_t max_tokens) const;

  // A long single text as consecutive windows of at most max_tokens, each with its [CLS] and [SEP], neighbours sharing
  // `stride` tokens, as Hugging Face's return_overflowing_tokens. A text that fits gives one window, equal to encode().
  // Errors: those of encode(), and invalid_argument unless a window holds more than `stride` tokens beside its special
  // ones.
  Result<std::vector<Encoding>> encode_windows(std::string_view text, size_t max_tokens, size_t stride) const {
    return encode_windows(text, {}, max_tokens, stride);
  }
  // The same of the second text of a pair, each window with the whole of the first: a question and a context, say. As
  // truncation 'only_second'.
  Result<std::vector<Encoding>> encode_windows(std::string_view text, std::optional<std::string_view> pair,
                                               size_t max_tokens, size_t stride) const;

  // The most tokens that a text should have by tokenizer_config.json (model_max_length); SIZE_MAX if it does not say.
  size_t max_tokens() const;
  // One more than the highest id that encode() can give: what an embedding table must hold at least.
  size_t vocabulary_size() const;
  // What it is: the model's settings, and how many tokens it has beside the added ones.
  TextModelFacts facts() const;
  size_t model_tokens() const;
  // The token's text, e.g. "##ing"; empty for an id that is not in the vocabulary.
  std::string_view token(int32_t id) const;
  std::optional<int32_t> id(std::string_view token) const;

  bool is_special(int32_t id) const;  // as [CLS] and <|endoftext|> are

  // The text of tokens, UTF-8; an id that is not in the vocabulary adds nothing. `skip_special` leaves out special
  // tokens. As tokenizers' decode(); transformers' clean_up_tokenization_spaces is another matter.
  std::string decode(std::span<const int32_t> ids, bool skip_special) const;

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

 private:
  friend class Decoder;
  struct State;
  explicit Tokenizer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Tokens -> text one by one, as they are generated. A character whose bytes are spread over several tokens comes with
// the last of them, so what was handed out is always whole, and all of it together is what decode() gives.
class Decoder {
 public:
  // `tokenizer` must outlive it.
  Decoder(const Tokenizer& tokenizer, bool skip_special) : tokenizer_(&tokenizer), skip_special_(skip_special) {}

  // The characters that are whole now; empty if none is.
  std::string append(int32_t id);
  // What is left, U+FFFD for a character that never became whole. Then a new text begins.
  std::string finish();

 private:
  std::string take(bool all);

  const Tokenizer* tokenizer_;
  bool skip_special_;
  bool is_first_ = true;
  std::string bytes_;  // not yet handed out
};

}  // namespace latformer
