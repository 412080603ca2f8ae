// tokenizer.json -> TokenizerSettings.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/format/json.h"
#include "core/format/quote.h"
#include "core/text/settings.h"
#include "core/text/tokenizer_config.h"

namespace latformer {
namespace {

constexpr std::string_view kFile = "tokenizer.json";
constexpr int64_t kMaxId = INT32_MAX;
constexpr size_t kMostPieces = 32;  // of a template; BERT's have five at most

Status unsupported_type(const JsonValue& part, std::string_view type, std::string_view expected) {
  return part["type"].unsupported("is " + quote(type) + ", but only " + std::string(expected) + " is supported");
}

// A Sequence of one part is that part.
JsonValue unwrap(JsonValue part, std::string_view members) {
  while (true) {
    const Result<std::string_view> type = part["type"].string();
    if (!type.ok() || *type != "Sequence") return part;
    const Result<JsonArray> parts = part[members].array();
    if (!parts.ok() || parts->size() != 1) return part;
    part = *parts->begin();
  }
}

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
Status apply_tokenizer_config(std::string_view json, NormalizerSettings& settings) {
  if (json.empty()) return {};
  LATFORMER_ASSIGN(const JsonDocument document, JsonDocument::parse(kTokenizerConfigFile, json));
  LATFORMER_ASSIGN(const bool counts, is_like_bert(document.root()));
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

Status parse_model(const JsonValue& model, TokenizerSettings& settings) {
  // Files of the first versions do not name the type; this field is WordPiece's alone.
  constexpr std::string_view kOwnField = "max_input_chars_per_word";
  const bool is_old = !model["type"].exists() && model[kOwnField].exists();
  LATFORMER_ASSIGN(const std::string_view type, is_old ? std::string_view("WordPiece") : model["type"].string());
  if (type != "WordPiece") return unsupported_type(model, type, "WordPiece");

  LATFORMER_ASSIGN(const JsonObject vocab, model["vocab"].object());
  std::vector<std::pair<std::string_view, int32_t>> entries;
  entries.reserve(vocab.size());
  for (const JsonMember member : vocab) {
    LATFORMER_ASSIGN(const int64_t id, member.value.integer(0, kMaxId));
    entries.emplace_back(member.key, static_cast<int32_t>(id));
  }
  LATFORMER_ASSIGN(settings.vocabulary, Vocabulary::build(kFile, std::move(entries)));

  LATFORMER_ASSIGN(const std::string_view unknown, model["unk_token"].string());
  const auto unknown_id = settings.vocabulary.id(unknown);
  if (!unknown_id) return model["unk_token"].fault("is " + quote(unknown) + ", which is not in the vocabulary");
  settings.word_pieces.unknown_id = *unknown_id;
  LATFORMER_ASSIGN(settings.word_pieces.continuing_prefix, model["continuing_subword_prefix"].string());
  LATFORMER_ASSIGN(const int64_t max_chars, model[kOwnField].integer(0, INT64_MAX));
  settings.word_pieces.max_chars_per_word = static_cast<uint64_t>(max_chars);
  // Each place of a word is compared with what is as long as the longest token.
  if (settings.vocabulary.longest() > kMaxTokenBytes && settings.word_pieces.max_chars_per_word > kMaxTokenBytes) {
    return model["vocab"].unsupported("has a token of more than " + std::to_string(kMaxTokenBytes) + " bytes");
  }
  return {};
}

Status parse_added_tokens(const JsonValue& added_tokens, TokenizerSettings& settings) {
  if (!added_tokens.given()) return {};
  LATFORMER_ASSIGN(const JsonArray array, added_tokens.array());
  std::vector<AddedToken> tokens;
  for (const JsonValue value : array) {
    LATFORMER_ASSIGN(AddedToken token, parse_added_token(value));
    tokens.push_back(std::move(token));
  }
  add_tokens(std::move(tokens), settings);
  return {};
}

// "single" or "pair" of TemplateProcessing.
Result<Template> parse_template(const JsonValue& pieces, const JsonValue& special_tokens, bool is_pair) {
  using Kind = TemplatePiece::Kind;
  LATFORMER_ASSIGN(const JsonArray array, pieces.array());
  if (array.size() > kMostPieces) return pieces.unsupported("has too many pieces");
  Template result;
  int first_texts = 0, second_texts = 0;
  for (const JsonValue piece : array) {
    const JsonValue sequence = piece["Sequence"];
    const JsonValue body = sequence.exists() ? sequence : piece["SpecialToken"];
    LATFORMER_ASSIGN(const std::string_view name, body["id"].string());
    LATFORMER_ASSIGN(const int64_t type_id, body["type_id"].integer(0, UINT8_MAX));
    TemplatePiece made = {Kind::special, static_cast<uint8_t>(type_id)};
    if (!sequence.exists()) {
      LATFORMER_ASSIGN(const JsonArray ids, special_tokens[name]["ids"].array());
      if (result.size() + ids.size() > kMostPieces) return pieces.unsupported("has too many pieces");
      for (const JsonValue id : ids) {
        LATFORMER_ASSIGN(const int64_t special_id, id.integer(0, kMaxId));
        made.id = static_cast<int32_t>(special_id);
        result.push_back(made);
      }
    } else if (name == "A" || name == "B") {
      made.kind = name == "A" ? Kind::first_text : Kind::second_text;
      ++(name == "A" ? first_texts : second_texts);
      result.push_back(made);
    } else {
      return body["id"].fault("must be \"A\" or \"B\"");
    }
  }
  if (first_texts != 1 || second_texts != (is_pair ? 1 : 0)) {
    return pieces.unsupported(is_pair ? "must use each text once" : "must use the text once");
  }
  return result;
}

Status parse_post_processor(JsonValue processor, TokenizerSettings& settings) {
  using Kind = TemplatePiece::Kind;
  if (!processor.given()) {
    settings.single = {{Kind::first_text, 0}};
    settings.pair = {{Kind::first_text, 0}, {Kind::second_text, 1}};
    return {};
  }
  processor = unwrap(processor, "processors");
  LATFORMER_ASSIGN(const std::string_view type, processor["type"].string());
  if (type == "TemplateProcessing") {
    const JsonValue special_tokens = processor["special_tokens"];
    LATFORMER_ASSIGN(settings.single, parse_template(processor["single"], special_tokens, false));
    LATFORMER_ASSIGN(settings.pair, parse_template(processor["pair"], special_tokens, true));
    return {};
  }
  if (type != "BertProcessing") return unsupported_type(processor, type, "TemplateProcessing or BertProcessing");
  // "cls" and "sep" are ["[CLS]", 101] and the like.
  const auto id_of = [&](std::string_view key) -> Result<int64_t> {
    LATFORMER_ASSIGN(const JsonArray token, processor[key].array());
    if (token.size() != 2) return processor[key].fault("must be a token and its id");
    auto id = token.begin();
    return (*++id).integer(0, kMaxId);
  };
  LATFORMER_ASSIGN(const int64_t cls, id_of("cls"));
  LATFORMER_ASSIGN(const int64_t sep, id_of("sep"));
  set_bert_templates(static_cast<int32_t>(cls), static_cast<int32_t>(sep), settings);
  return {};
}

}  // namespace

Result<TokenizerSettings> parse_tokenizer_json(std::string_view json, std::string_view tokenizer_config_json) {
  LATFORMER_ASSIGN(const JsonDocument document, JsonDocument::parse(kFile, json));
  const JsonValue root = document.root();
  LATFORMER_ASSIGN(const std::string_view version, root["version"].string_or("1.0"));
  if (version != "1.0") return root["version"].unsupported("is " + quote(version) + ", but only 1.0 is supported");
  TokenizerSettings settings;
  LATFORMER_TRY(parse_model(root["model"], settings));
  LATFORMER_TRY(parse_normalizer(root["normalizer"], settings.normalizer));
  LATFORMER_TRY(apply_tokenizer_config(tokenizer_config_json, settings.normalizer));
  LATFORMER_TRY(check_pre_tokenizer(root["pre_tokenizer"]));
  LATFORMER_TRY(parse_post_processor(root["post_processor"], settings));
  LATFORMER_TRY(parse_added_tokens(root["added_tokens"], settings));
  return settings;
}

}  // namespace latformer
