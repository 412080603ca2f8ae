#include "core/text/bpe/bpe_json.h"

#include <string>
#include <utility>
#include <vector>

#include "core/text/bpe/bpe_model.h"
#include "core/text/json_parts.h"
#include "core/text/normalizers/normalizers_json.h"
#include "core/text/pre_tokenizers/pre_tokenizers_json.h"
#include "core/text/tokenizer_config.h"

namespace latformer {
namespace {

using Kind = PreTokenizerStep::Kind;
using Pair = std::pair<std::string_view, std::string_view>;

// "a b" in files of the first versions, else ["a", "b"].
Result<Pair> parse_merge(const JsonValue& merge) {
  if (!merge.is_string()) {
    LATFORMER_ASSIGN(const JsonArray parts, merge.array());
    if (parts.size() != 2) return merge.fault("must be two tokens");
    auto part = parts.begin();
    LATFORMER_ASSIGN(const std::string_view left, (*part).string());
    LATFORMER_ASSIGN(const std::string_view right, (*++part).string());
    return Pair{left, right};
  }
  LATFORMER_ASSIGN(const std::string_view text, merge.string());
  const size_t blank = text.find(' ');
  if (blank == std::string_view::npos || text.find(' ', blank + 1) != std::string_view::npos) {
    return merge.fault("must be two tokens with a blank between them");
  }
  return Pair{text.substr(0, blank), text.substr(blank + 1)};
}

Result<Merges> parse_merges(const JsonValue& model, const Vocabulary& vocabulary) {
  LATFORMER_ASSIGN(const JsonArray array, model["merges"].array());
  std::vector<Pair> pairs;
  pairs.reserve(array.size());
  for (const JsonValue value : array) {
    LATFORMER_ASSIGN(const Pair pair, parse_merge(value));
    pairs.push_back(pair);
  }
  return Merges::build(kTokenizerFile, vocabulary, pairs);
}

// Settings that change what a word becomes, and that byte-level vocabularies do not have.
Status check_unused(const JsonValue& model) {
  for (const std::string_view key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    LATFORMER_ASSIGN(const std::string_view text, model[key].string_or(""));
    if (!text.empty()) return model[key].unsupported("is " + quote(text) + ", which is not supported");
  }
  LATFORMER_ASSIGN(const double dropout, model["dropout"].number_or(0));
  if (dropout != 0) return model["dropout"].unsupported("must be absent: it makes tokens a matter of chance");
  return {};
}

Result<BpeSettings> parse_settings(const JsonValue& model, const Vocabulary& vocabulary) {
  LATFORMER_TRY(check_unused(model));
  BpeSettings settings;
  LATFORMER_ASSIGN(settings.fuses_unknown, model["fuse_unk"].boolean_or(false));
  LATFORMER_ASSIGN(settings.ignores_merges, model["ignore_merges"].boolean_or(false));
  if (const JsonValue unknown = model["unk_token"]; unknown.given()) {
    LATFORMER_ASSIGN(const std::string_view token, unknown.string());
    const auto id = vocabulary.id(token);
    if (!token.empty() && !id) return unknown.fault("is " + quote(token) + ", which is not in the vocabulary");
    settings.unknown_id = id.value_or(-1);
  }
  return settings;
}

// ByteLevel comes last: what it hands on is no longer the text.
Result<PreTokenizer> parse_bytes_last(const JsonValue& value) {
  if (!value.given()) return value.unsupported("is missing, but ByteLevel is expected");
  LATFORMER_ASSIGN(PreTokenizers made, parse_pre_tokenizers(value));
  if (made.ends_in_bytes) return std::move(made.steps);
  return value.unsupported("does not end in ByteLevel: only byte-level BPE is supported");
}

// GPT2Tokenizer and RobertaTokenizer take from tokenizer_config.json whether a blank is put in front, and have no
// normalizer, in transformers 5: there is none that all versions would agree on.
Status apply_tokenizer_config(const TokenizerFiles& files, const JsonValue& root, PreTokenizer& steps) {
  LATFORMER_ASSIGN(const ConfigDocuments documents, parse_config_documents(files));
  const JsonValue config = documents.config.root();
  LATFORMER_ASSIGN(const std::string_view name, tokenizer_class(config, files.tokenizer_class));
  if (name != "GPT2Tokenizer" && name != "RobertaTokenizer") return {};
  if (root["normalizer"].given()) {
    LATFORMER_ASSIGN(const std::string_view normalizer, root["normalizer"]["type"].string());
    return root["normalizer"].unsupported("is " + quote(normalizer) + ", but a " + std::string(name) + " has none");
  }
  LATFORMER_ASSIGN(const std::string_view type, unwrap(root["pre_tokenizer"], "pretokenizers")["type"].string());
  if (type != "ByteLevel") return {};
  LATFORMER_ASSIGN(const bool prefix_space, config["add_prefix_space"].boolean_or(false));
  std::erase_if(steps, [](const PreTokenizerStep& step) { return step.kind == Kind::prefix; });
  if (prefix_space) steps.insert(steps.begin(), {.kind = Kind::prefix, .text = " "});
  return {};
}

Status check_decoder(const JsonValue& decoder) {
  if (!decoder.given()) return {};
  LATFORMER_ASSIGN(const std::string_view type, decoder["type"].string());
  return type == "ByteLevel" ? Status() : unsupported_type(decoder, type, "ByteLevel");
}

}  // namespace

Result<std::unique_ptr<TextModel>> parse_bpe(const JsonValue& root, const TokenizerFiles& files) {
  const JsonValue model = root["model"];
  LATFORMER_ASSIGN(Normalizers normalizers, parse_normalizers(root["normalizer"]));
  LATFORMER_ASSIGN(PreTokenizer pre_tokenizer, parse_bytes_last(root["pre_tokenizer"]));
  LATFORMER_TRY(apply_tokenizer_config(files, root, pre_tokenizer));
  LATFORMER_TRY(check_decoder(root["decoder"]));
  LATFORMER_ASSIGN(Vocabulary vocabulary, parse_vocabulary(kTokenizerFile, model["vocab"]));
  LATFORMER_ASSIGN(Merges merges, parse_merges(model, vocabulary));
  LATFORMER_ASSIGN(const BpeSettings settings, parse_settings(model, vocabulary));
  std::unique_ptr<TextModel> made = std::make_unique<BpeModel>(
      std::move(vocabulary), std::move(merges), std::move(normalizers), std::move(pre_tokenizer), settings);
  return made;
}

}  // namespace latformer
