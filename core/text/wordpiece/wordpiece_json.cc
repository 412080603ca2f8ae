#include "core/text/wordpiece/wordpiece_json.h"

#include <string>
#include <utility>

#include "core/text/json_parts.h"
#include "core/text/tokenizer_config.h"
#include "core/text/wordpiece/bert_config.h"
#include "core/text/wordpiece/wordpiece_model.h"

namespace latformer {
namespace {

Status parse_normalizer(JsonValue normalizer, NormalizerSettings& settings) {
  settings = {.clean_text = false, .handle_chinese_chars = false, .strip_accents = false, .lowercase = false};
  if (!normalizer.given()) return {};
  normalizer = unwrap(normalizer, "normalizers");
  LATFORMER_ASSIGN(const std::string_view type, normalizer["type"].string());
  if (type == "Lowercase") {
    settings.lowercase = true;
    return {};
  }
  if (type != "BertNormalizer") return unsupported_type(normalizer, type, "BertNormalizer");
  LATFORMER_ASSIGN(settings.clean_text, normalizer["clean_text"].boolean());
  LATFORMER_ASSIGN(settings.handle_chinese_chars, normalizer["handle_chinese_chars"].boolean());
  LATFORMER_ASSIGN(settings.lowercase, normalizer["lowercase"].boolean());
  LATFORMER_ASSIGN(settings.strip_accents, normalizer["strip_accents"].boolean_or(settings.lowercase));
  return {};
}

// What a class of BERT's is told of the normalizer there counts instead of tokenizer.json.
Status apply_tokenizer_config(const TokenizerFiles& files, NormalizerSettings& settings) {
  if (files.tokenizer_config_json.empty()) return {};
  LATFORMER_ASSIGN(const JsonDocument document, JsonDocument::parse(kTokenizerConfigFile, files.tokenizer_config_json));
  LATFORMER_ASSIGN(const bool counts, is_like_bert(document.root(), files.tokenizer_class));
  if (counts) {
    LATFORMER_ASSIGN(settings, parse_normalizer_settings(document.root()));
  }
  return {};
}

Status check_pre_tokenizer(JsonValue pre_tokenizer) {
  if (!pre_tokenizer.given()) return pre_tokenizer.unsupported("is missing, but BertPreTokenizer is expected");
  pre_tokenizer = unwrap(pre_tokenizer, "pretokenizers");
  LATFORMER_ASSIGN(const std::string_view type, pre_tokenizer["type"].string());
  if (type != "BertPreTokenizer") return unsupported_type(pre_tokenizer, type, "BertPreTokenizer");
  return {};
}

Status parse_model(const JsonValue& model, Vocabulary& vocabulary, WordPieceSettings& settings) {
  LATFORMER_ASSIGN(vocabulary, parse_vocabulary(kTokenizerFile, model["vocab"]));
  LATFORMER_ASSIGN(const std::string_view unknown, model["unk_token"].string());
  const auto unknown_id = vocabulary.id(unknown);
  if (!unknown_id) return model["unk_token"].fault("is " + quote(unknown) + ", which is not in the vocabulary");
  settings.unknown_id = *unknown_id;
  LATFORMER_ASSIGN(settings.continuing_prefix, model["continuing_subword_prefix"].string());
  LATFORMER_ASSIGN(const int64_t max_chars, model["max_input_chars_per_word"].integer(0, INT64_MAX));
  settings.max_chars_per_word = static_cast<uint64_t>(max_chars);
  // Each place of a word is compared with what is as long as the longest token.
  if (vocabulary.longest() > kMaxTokenBytes && settings.max_chars_per_word > kMaxTokenBytes) {
    return model["vocab"].unsupported("has a token of more than " + std::to_string(kMaxTokenBytes) + " bytes");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<TextModel>> parse_wordpiece(const JsonValue& root, const TokenizerFiles& files) {
  Vocabulary vocabulary;
  WordPieceSettings word_pieces;
  NormalizerSettings normalizer;
  LATFORMER_TRY(parse_model(root["model"], vocabulary, word_pieces));
  LATFORMER_TRY(parse_normalizer(root["normalizer"], normalizer));
  LATFORMER_TRY(apply_tokenizer_config(files, normalizer));
  LATFORMER_TRY(check_pre_tokenizer(root["pre_tokenizer"]));
  LATFORMER_ASSIGN(word_pieces.cleans_up, root["decoder"]["cleanup"].boolean_or(true));
  std::unique_ptr<TextModel> made =
      std::make_unique<WordPieceModel>(std::move(vocabulary), std::move(word_pieces), normalizer);
  return made;
}

}  // namespace latformer
