// What a tokenizer must know, read from the files of a model folder.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/text/added_tokens.h"
#include "core/text/template.h"
#include "core/text/text_model.h"
#include "core/text/tokenizer_config.h"

namespace latformer {

// Spans of tokens leave out the white space that a token of byte level holds at its ends.
struct TrimmedSpans {
  bool keeps_first = false;  // but not the first of a text, whose blank was put there by the tokenizer
};

struct TokenizerSettings {
  std::unique_ptr<TextModel> model;
  std::map<int32_t, AddedToken> added_tokens;             // by id
  std::map<std::string, int32_t, std::less<>> added_ids;  // by content
  Template single;
  Template pair;
  std::optional<TrimmedSpans> trimmed_spans;
  Reading reading;
};

// The id of a token that is neither in the vocabulary nor added yet.
int32_t next_token_id(const TokenizerSettings& settings);

// Gives `tokens` their ids and puts them into settings.added_tokens, as Hugging Face does: a token of the vocabulary
// keeps its id, others are numbered on from the vocabulary's size, behind what was added before.
void add_tokens(std::vector<AddedToken> tokens, TokenizerSettings& settings);

// [CLS] a [SEP] and [CLS] a [SEP] b [SEP], the second text and its [SEP] of type 1.
void set_bert_templates(int32_t cls_id, int32_t sep_id, TokenizerSettings& settings);

// <s> a </s> and <s> a </s></s> b </s>, all of type 0.
void set_roberta_templates(int32_t cls_id, int32_t sep_id, TokenizerSettings& settings);

}  // namespace latformer
