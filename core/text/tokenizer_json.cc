#include "core/text/tokenizer_json.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "core/format/quote.h"
#include "core/text/bpe/bpe_json.h"
#include "core/text/json_parts.h"
#include "core/text/tokenizer_config.h"
#include "core/text/unigram/unigram_json.h"
#include "core/text/wordpiece/bert_config.h"
#include "core/text/wordpiece/wordpiece_json.h"

namespace latformer {
namespace {

constexpr size_t kMostPieces = 32;  // of a template; BERT's have five at most

Result<std::unique_ptr<TextModel>> parse_model(const JsonValue& root, const TokenizerFiles& files) {
  // Files of the first versions do not name the type; each of these fields is one type's alone.
  const JsonValue model = root["model"];
  std::string_view type;
  if (!model["type"].exists() && model["max_input_chars_per_word"].exists()) {
    type = "WordPiece";
  } else if (!model["type"].exists() && model["merges"].exists()) {
    type = "BPE";
  } else {
    LATFORMER_ASSIGN(type, model["type"].string());
  }
  if (type == "WordPiece") return parse_wordpiece(root, files);
  if (type == "BPE") return parse_bpe(root, files);
  if (type == "Unigram") return parse_unigram(root);
  return unsupported_type(model, type, "WordPiece, BPE or Unigram");
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

// In the order in which transformers adds them, where a file names them.
constexpr std::array<SpecialToken, 7> kSpecialTokens = {{{"bos_token", ""},
                                                         {"eos_token", ""},
                                                         {"unk_token", ""},
                                                         {"sep_token", ""},
                                                         {"pad_token", ""},
                                                         {"cls_token", ""},
                                                         {"mask_token", ""}}};

// What a class of BERT's is told of these counts in transformers 5, and tokenizer.json in 4: they must agree.
Status check_names(const ConfiguredTokens& configured, const JsonValue& root, const TokenizerSettings& settings) {
  const auto check = [](const std::string& key, std::string_view named, std::string_view there) -> Status {
    if (named.empty() || named == there) return {};
    return unsupported_model(std::string(kTokenizerConfigFile) + ": " + key + " is " + quote(named) + ", but " +
                             std::string(kTokenizerFile) + " has " + quote(there) + " in its place");
  };
  const auto check_piece = [&](const std::string& key, const TemplatePiece& piece) -> Status {
    if (piece.kind != TemplatePiece::Kind::special) return {};
    const auto added = settings.added_tokens.find(piece.id);
    const std::string_view there = added != settings.added_tokens.end() ? std::string_view(added->second.content)
                                                                        : settings.model->vocabulary().token(piece.id);
    return check(key, configured.special.find(key)->second, there);
  };
  LATFORMER_ASSIGN(const std::string_view unknown, root["model"]["unk_token"].string_or(""));
  LATFORMER_TRY(check("unk_token", configured.special.find("unk_token")->second, unknown));
  LATFORMER_TRY(check_piece("cls_token", settings.single.front()));
  return check_piece("sep_token", settings.single.back());
}

// What the files beside it add to the tokens of tokenizer.json.
Status add_configured_tokens(const TokenizerFiles& files, const JsonValue& root, TokenizerSettings& settings) {
  LATFORMER_ASSIGN(const ConfigDocuments documents, parse_config_documents(files));
  const JsonValue config = documents.config.root();
  LATFORMER_ASSIGN(ConfiguredTokens configured, parse_configured_tokens(config, documents.legacy(), kSpecialTokens));
  LATFORMER_ASSIGN(const bool like_bert, is_like_bert(config, files.tokenizer_class));
  if (like_bert && !settings.single.empty()) LATFORMER_TRY(check_names(configured, root, settings));
  const auto add = [&](std::vector<AddedToken>& tokens) {
    auto next_id = static_cast<size_t>(next_token_id(settings));
    std::erase_if(tokens, [&](const AddedToken& token) {
      if (token.content.empty()) return true;  // of a name that no file has
      const bool is_known =
          settings.added_ids.contains(token.content) || settings.model->vocabulary().id(token.content);
      return !is_known && next_id++ >= files.vocab_size;
    });
    add_tokens(std::move(tokens), settings);
  };
  if (configured.lists_decoder) add(configured.listed);  // what it says of a token counts
  std::erase_if(configured.tokens, [&](const AddedToken& token) { return settings.added_ids.contains(token.content); });
  add(configured.tokens);
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
        LATFORMER_ASSIGN(const int64_t special_id, id.integer(0, kMaxTokenId));
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

// [["[SEP]", 102]] and the like: the id.
Result<int32_t> parse_token_and_id(const JsonValue& value) {
  LATFORMER_ASSIGN(const JsonArray token, value.array());
  if (token.size() != 2) return value.fault("must be a token and its id");
  auto id = token.begin();
  LATFORMER_ASSIGN(const int64_t number, (*++id).integer(0, kMaxTokenId));
  return static_cast<int32_t>(number);
}

// What stands around the texts, by one processor; a Sequence has several of them.
Status parse_processor(const JsonValue& processor, TokenizerSettings& settings) {
  const auto trims = [&]() -> Status {
    LATFORMER_ASSIGN(const bool trims, processor["trim_offsets"].boolean_or(true));
    LATFORMER_ASSIGN(const bool keeps_first, processor["add_prefix_space"].boolean_or(true));
    if (trims) settings.trimmed_spans = {.keeps_first = keeps_first};
    return {};
  };
  LATFORMER_ASSIGN(const std::string_view type, processor["type"].string());
  if (type == "TemplateProcessing") {
    const JsonValue special_tokens = processor["special_tokens"];
    LATFORMER_ASSIGN(settings.single, parse_template(processor["single"], special_tokens, false));
    LATFORMER_ASSIGN(settings.pair, parse_template(processor["pair"], special_tokens, true));
    return {};
  }
  if (type == "ByteLevel") return trims();
  if (type != "BertProcessing" && type != "RobertaProcessing") {
    return unsupported_type(processor, type, "TemplateProcessing, BertProcessing, RobertaProcessing or ByteLevel");
  }
  LATFORMER_ASSIGN(const int32_t cls, parse_token_and_id(processor["cls"]));
  LATFORMER_ASSIGN(const int32_t sep, parse_token_and_id(processor["sep"]));
  if (type == "BertProcessing") {
    set_bert_templates(cls, sep, settings);
    return {};
  }
  set_roberta_templates(cls, sep, settings);
  return trims();
}

Status parse_post_processor(JsonValue processor, TokenizerSettings& settings) {
  using Kind = TemplatePiece::Kind;
  settings.single = {{Kind::first_text, 0}};
  settings.pair = {{Kind::first_text, 0}, {Kind::second_text, 1}};
  if (!processor.given()) return {};
  processor = unwrap(processor, "processors");
  LATFORMER_ASSIGN(const std::string_view type, processor["type"].string());
  if (type != "Sequence") return parse_processor(processor, settings);
  LATFORMER_ASSIGN(const JsonArray processors, processor["processors"].array());
  int around = 0;  // processors that put something around the texts: what two of them do is anybody's guess
  for (const JsonValue each : processors) {
    LATFORMER_TRY(parse_processor(each, settings));
    LATFORMER_ASSIGN(const std::string_view name, each["type"].string());
    if (name != "ByteLevel" && ++around > 1) return processor.unsupported("has two processors that add tokens");
  }
  return {};
}

}  // namespace

Result<TokenizerSettings> parse_tokenizer_json(const TokenizerFiles& files) {
  LATFORMER_ASSIGN(const JsonDocument document, JsonDocument::parse(kTokenizerFile, files.tokenizer_json));
  const JsonValue root = document.root();
  LATFORMER_ASSIGN(const std::string_view version, root["version"].string_or("1.0"));
  if (version != "1.0") return root["version"].unsupported("is " + quote(version) + ", but only 1.0 is supported");
  TokenizerSettings settings;
  LATFORMER_ASSIGN(settings.model, parse_model(root, files));
  LATFORMER_TRY(parse_post_processor(root["post_processor"], settings));
  LATFORMER_TRY(parse_added_tokens(root["added_tokens"], settings));
  LATFORMER_TRY(add_configured_tokens(files, root, settings));
  LATFORMER_ASSIGN(const std::string_view side, root["truncation"]["direction"].string_or("Right"));
  settings.reading.cuts_left = side == "Left";
  return settings;
}

}  // namespace latformer
