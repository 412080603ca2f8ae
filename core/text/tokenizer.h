// Text -> tokens, exactly as Hugging Face's BERT tokenizers do it.
//
// The way of a text: special tokens are cut out (added_tokens.h) -> cleaning, CJK spacing, accents, lower case
// (normalizer.h) -> white space, punctuation, greedy longest-match-first word pieces (word_pieces.h) -> [CLS] a [SEP]
// (b [SEP]). A text runs through it code point by code point, in one pass, and only the word at hand is stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/text/encoding.h"

namespace latformer {

class Tokenizer {
 public:
  // Settings and vocabulary from tokenizer.json (model WordPiece, normalizer BertNormalizer). Its settings for
  // truncation and padding are left aside; as in transformers, do_lower_case, tokenize_chinese_chars and strip_accents
  // of tokenizer_config.json (empty: there is none) count instead of its own. Errors: bad_model (broken JSON, no
  // [UNK]), unsupported_model (another tokenizer model, tokens of more than 1000 bytes).
  static Result<Tokenizer> from_tokenizer_json(std::string_view json, std::string_view tokenizer_config_json = {});

  // From vocab.txt, with do_lower_case, tokenize_chinese_chars, strip_accents, the special tokens' names and further
  // added tokens taken from tokenizer_config.json (empty: the defaults of BertTokenizer). Errors as above; bad_model
  // also when [CLS] or [SEP] is missing.
  static Result<Tokenizer> from_vocab(std::string_view vocab_txt, std::string_view tokenizer_config_json);

  // [CLS] text [SEP], or [CLS] text [SEP] pair [SEP]. Bytes that are not UTF-8 count as U+FFFD, one for each maximal
  // ill-formed part (as Python's errors='replace'). Tokens beyond max_tokens (special ones included) are cut as by
  // Hugging Face's truncation 'longest_first', and `truncated` says so.
  // Linear in the texts; a single text is not read further than max_tokens demands, unless some added tokens are
  // `normalized`, for which all of it is.
  // Errors: invalid_argument when max_tokens cannot hold the special tokens, or a text has 4 GiB.
  Result<Encoding> encode(std::string_view text, std::optional<std::string_view> pair, size_t max_tokens) const;

  // A long single text as consecutive windows of at most max_tokens, each with its [CLS] and [SEP], neighbours sharing
  // `stride` tokens, as Hugging Face's return_overflowing_tokens. A text that fits gives one window, equal to encode().
  // Errors: those of encode(), and invalid_argument unless a window holds more than `stride` tokens beside its special
  // ones.
  Result<std::vector<Encoding>> encode_windows(std::string_view text, size_t max_tokens, size_t stride) const;

  // One more than the highest id that encode() can give: what an embedding table must hold at least.
  size_t vocabulary_size() const;
  // The token's text, e.g. "##ing"; empty for an id that is not in the vocabulary.
  std::string_view token(int32_t id) const;
  std::optional<int32_t> id(std::string_view token) const;

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

 private:
  struct State;
  explicit Tokenizer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace latformer
