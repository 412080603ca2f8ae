#include "core/tasks/token_tasks.h"

#include <initializer_list>
#include <string>
#include <utility>

#include "core/format/json.h"
#include "core/models/bert/encoder.h"
#include "core/models/bert/mask_head.h"
#include "core/models/bert/token_head.h"

namespace latformer {
namespace {

Result<std::unique_ptr<EncoderModelLoader>> with_head(const BertConfig& config, std::unique_ptr<Head> head,
                                                      std::optional<Precision> precision) {
  return std::unique_ptr<EncoderModelLoader>(std::make_unique<BertEncoderLoader>(config, std::move(head), precision));
}

std::optional<NamedToken> first_of(const Tokenizer& tokenizer, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (const std::optional<int32_t> id = tokenizer.id(name)) return NamedToken{name, *id};
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<EncoderModelLoader>> open_token_classifier(const ModelFiles& files,
                                                                  std::optional<Precision> precision) {
  LATFORMER_ASSIGN(const BertConfig config, parse_bert_config(files.config_json));
  LATFORMER_TRY(check_head(config, BertHead::tokens));
  return with_head(config, TokenHead::of_labels(config), precision);
}

Result<std::unique_ptr<EncoderModelLoader>> open_question_answerer(const ModelFiles& files,
                                                                   std::optional<Precision> precision) {
  LATFORMER_ASSIGN(const BertConfig config, parse_bert_config(files.config_json));
  LATFORMER_TRY(check_head(config, BertHead::answers));
  return with_head(config, TokenHead::of_answers(config), precision);
}

Result<std::unique_ptr<EncoderModelLoader>> open_mask_filler(const ModelFiles& files,
                                                             std::optional<Precision> precision,
                                                             std::shared_ptr<const int32_t> mask) {
  LATFORMER_ASSIGN(const BertConfig config, parse_bert_config(files.config_json));
  LATFORMER_ASSIGN(const JsonDocument document,
                   JsonDocument::parse("config.json", files.config_json, {.max_bytes = 16 << 20}));
  const JsonValue tied = document.root()["tie_word_embeddings"];
  LATFORMER_ASSIGN(const bool is_tied, tied.boolean_or(true));
  if (!is_tied) return tied.unsupported("is false: a head that does not share the word embeddings cannot be run");
  LATFORMER_ASSIGN(std::unique_ptr<Head> head, MaskHead::create(config, std::move(mask)));
  return with_head(config, std::move(head), precision);
}

std::optional<NamedToken> mask_of(const Tokenizer& tokenizer) { return first_of(tokenizer, {"[MASK]", "<mask>"}); }
std::optional<NamedToken> unknown_of(const Tokenizer& tokenizer) { return first_of(tokenizer, {"[UNK]", "<unk>"}); }

}  // namespace latformer
