#include "core/text/bpe/bpe_json.h"

#include <string>
#include <utility>
#include <vector>

#include "core/text/bpe/bpe_model.h"
#include "core/text/json_parts.h"
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

// {"String": "..."} is refused: what is in use splits at words.
Status parse_split(const JsonValue& split, PreTokenizer& steps) {
  const JsonValue expression = split["pattern"]["Regex"];
  if (!expression.exists()) return split["pattern"].unsupported("is no regular expression");
  LATFORMER_ASSIGN(const std::string_view text, expression.string());
  const auto pattern = word_pattern(text);
  if (!pattern) return expression.unsupported("is " + quote(text) + ", which is not one that is supported");
  // A pattern that every character belongs to leaves the same words whichever side is taken.
  LATFORMER_ASSIGN(const std::string_view behavior, split["behavior"].string());
  LATFORMER_ASSIGN(const bool inverted, split["invert"].boolean_or(false));
  if (behavior != "Isolated" && !(behavior == "Removed" && inverted)) {
    return split["behavior"].unsupported("is " + quote(behavior) + ", but only \"Isolated\" is supported");
  }
  steps.push_back({Kind::words, *pattern});
  return {};
}

Status parse_step(const JsonValue& step, PreTokenizer& steps) {
  LATFORMER_ASSIGN(const std::string_view type, step["type"].string());
  if (type == "Split") return parse_split(step, steps);
  if (type == "Digits") {
    LATFORMER_ASSIGN(const bool each, step["individual_digits"].boolean_or(false));
    steps.push_back({each ? Kind::each_digit : Kind::digits});
    return {};
  }
  if (type != "ByteLevel") return unsupported_type(step, type, "ByteLevel, Digits or Split");
  LATFORMER_ASSIGN(const bool prefix_space, step["add_prefix_space"].boolean_or(true));
  LATFORMER_ASSIGN(const bool words, step["use_regex"].boolean_or(true));
  if (prefix_space) steps.push_back({Kind::prefix_space});
  if (words) steps.push_back({Kind::words, kGpt2Pattern});
  return {};
}

// ByteLevel comes last: what it hands on is no longer the text.
Result<PreTokenizer> parse_pre_tokenizer(JsonValue value) {
  if (!value.given()) return value.unsupported("is missing, but ByteLevel is expected");
  value = unwrap(value, "pretokenizers");
  PreTokenizer steps;
  LATFORMER_ASSIGN(std::string_view type, value["type"].string());
  if (type != "Sequence") {
    LATFORMER_TRY(parse_step(value, steps));
  } else {
    LATFORMER_ASSIGN(const JsonArray array, value["pretokenizers"].array());
    constexpr size_t kMostSteps = 16;
    if (array.size() > kMostSteps) return value["pretokenizers"].unsupported("has too many parts");
    for (const JsonValue step : array) {
      if (type == "ByteLevel") return value.unsupported("has something behind ByteLevel");
      LATFORMER_ASSIGN(type, step["type"].string());
      LATFORMER_TRY(parse_step(step, steps));
    }
  }
  if (type != "ByteLevel") return value.unsupported("does not end in ByteLevel: only byte-level BPE is supported");
  return steps;
}

// GPT2Tokenizer takes from tokenizer_config.json whether a blank is put in front.
Status apply_tokenizer_config(const TokenizerFiles& files, const JsonValue& pre_tokenizer, PreTokenizer& steps) {
  LATFORMER_ASSIGN(const ConfigDocuments documents, parse_config_documents(files));
  const JsonValue config = documents.config.root();
  LATFORMER_ASSIGN(const std::string_view name, config["tokenizer_class"].string_or(files.tokenizer_class));
  LATFORMER_ASSIGN(const std::string_view type, unwrap(pre_tokenizer, "pretokenizers")["type"].string());
  if ((name != "GPT2Tokenizer" && name != "GPT2TokenizerFast") || type != "ByteLevel") return {};
  LATFORMER_ASSIGN(const bool prefix_space, config["add_prefix_space"].boolean_or(false));
  std::erase_if(steps, [](const PreTokenizerStep& step) { return step.kind == Kind::prefix_space; });
  if (prefix_space) steps.insert(steps.begin(), {Kind::prefix_space});
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
  if (root["normalizer"].given()) {
    LATFORMER_ASSIGN(const std::string_view type, root["normalizer"]["type"].string());
    return root["normalizer"].unsupported("is " + quote(type) + ", but byte-level BPE has none here");
  }
  LATFORMER_ASSIGN(PreTokenizer pre_tokenizer, parse_pre_tokenizer(root["pre_tokenizer"]));
  LATFORMER_TRY(apply_tokenizer_config(files, root["pre_tokenizer"], pre_tokenizer));
  LATFORMER_TRY(check_decoder(root["decoder"]));
  LATFORMER_ASSIGN(Vocabulary vocabulary, parse_vocabulary(kTokenizerFile, model["vocab"]));
  LATFORMER_ASSIGN(Merges merges, parse_merges(model, vocabulary));
  LATFORMER_ASSIGN(const BpeSettings settings, parse_settings(model, vocabulary));
  std::unique_ptr<TextModel> made =
      std::make_unique<BpeModel>(std::move(vocabulary), std::move(merges), std::move(pre_tokenizer), settings);
  return made;
}

}  // namespace latformer
