// What a tokenizer must know, read from the files of a model folder.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/text/added_tokens.h"
#include "core/text/normalizer.h"
#include "core/text/vocabulary.h"
#include "core/text/word_pieces.h"

namespace latformer {

// The longest token that is searched for at every place of a text; far above what vocabularies have.
inline constexpr size_t kMaxTokenBytes = 1000;

// What stands around the texts: [CLS] first_text [SEP] second_text [SEP].
struct TemplatePiece {
  enum class Kind : uint8_t { first_text, second_text, special };
  Kind kind;
  uint8_t type_id;
  int32_t id = -1;  // of a special token
};
using Template = std::vector<TemplatePiece>;

struct TokenizerSettings {
  NormalizerSettings normalizer;
  Vocabulary vocabulary;
  WordPieceSettings word_pieces;
  std::map<int32_t, AddedToken> added_tokens;             // by id
  std::map<std::string, int32_t, std::less<>> added_ids;  // by content
  Template single;
  Template pair;
};

// Gives `tokens` their ids and puts them into settings.added_tokens, as Hugging Face does: a token of the vocabulary
// keeps its id, others are numbered on from the vocabulary's size.
void add_tokens(std::vector<AddedToken> tokens, TokenizerSettings& settings);

// [CLS] a [SEP] and [CLS] a [SEP] b [SEP], the second text and its [SEP] of type 1.
void set_bert_templates(int32_t cls_id, int32_t sep_id, TokenizerSettings& settings);

// tokenizer.json of Hugging Face's `tokenizers`, with the normalizer that tokenizer_config.json (may be empty) asks
// for. Settings for truncation and padding are left aside. Errors: bad_model (not JSON, a field missing or of the wrong
// type, no unknown token), unsupported_model (a normalizer, pre-tokenizer, model or post-processor that BERT does not
// have).
Result<TokenizerSettings> parse_tokenizer_json(std::string_view json, std::string_view tokenizer_config_json);

// vocab.txt, one token a line, and tokenizer_config.json (may be empty), put together as transformers does.
Result<TokenizerSettings> parse_vocab_txt(std::string_view vocab_txt, std::string_view tokenizer_config_json);

}  // namespace latformer
