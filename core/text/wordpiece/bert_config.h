// What tokenizer_config.json says of BERT's way with text, and whether it counts.
//
// transformers takes the vocabulary and the templates of a BERT from tokenizer.json, but its normalizer from
// tokenizer_config.json: do_lower_case, strip_accents and tokenize_chinese_chars, by default as BertTokenizer has them.
#pragma once

#include <string_view>

#include "core/base/status.h"
#include "core/format/json.h"
#include "core/text/wordpiece/normalizer.h"

namespace latformer {

// Like BERT but for its special tokens and what stands around texts, which follow RoBERTa.
inline constexpr std::string_view kMPNetTokenizer = "MPNetTokenizer";

// Whether "tokenizer_class" of tokenizer_config.json, where it is not there `otherwise` (config.json's), where that is
// empty BertTokenizer, treats text as BertTokenizer does. Errors: bad_model (it is no string).
Result<bool> is_like_bert(const JsonValue& config, std::string_view otherwise);

// Whether a tokenizer of that class tells the two texts of a pair apart, unless model_input_names says otherwise: as
// transformers 5 has it BertTokenizer does, DistilBertTokenizer, RobertaTokenizer, AlbertTokenizer and
// PreTrainedTokenizerFast do not.
Result<bool> gives_type_ids(const JsonValue& config, std::string_view otherwise);

// The normalizer that tokenizer_config.json asks for. Errors: bad_model (a field of the wrong type).
Result<NormalizerSettings> parse_normalizer_settings(const JsonValue& config);

}  // namespace latformer
