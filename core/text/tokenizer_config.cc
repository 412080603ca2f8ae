#include "core/text/tokenizer_config.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

namespace latformer {
namespace {

// A string, or an object of AddedToken's fields.
Result<AddedToken> parse_token(const JsonValue& value) {
  if (!value.is_string()) return parse_added_token(value);
  AddedToken token;  // a special one, looked for in the raw text
  token.special = true;
  LATFORMER_ASSIGN(token.content, value.string());
  return token;
}

Status parse_listed_tokens(const JsonValue& decoder, std::vector<AddedToken>& listed) {
  if (!decoder.given()) return {};
  LATFORMER_ASSIGN(const JsonObject object, decoder.object());
  for (const JsonMember member : object) {
    LATFORMER_ASSIGN(AddedToken token, parse_token(member.value));
    const char* begin = member.key.data();
    const char* end = begin + member.key.size();
    const auto [stop, error] = std::from_chars(begin, end, token.id);
    if (error != std::errc() || stop != end || token.id < 0) return member.value.fault("stands under no token id");
    listed.push_back(std::move(token));
  }
  std::sort(listed.begin(), listed.end(), [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });
  return {};
}

// Tokens in the order in which they are added; one of a content that is known already stays as it was first given.
class Collector {
 public:
  explicit Collector(std::vector<AddedToken>& tokens) : tokens_(tokens) {}
  void add(AddedToken token) {
    if (contents_.insert(token.content).second) tokens_.push_back(std::move(token));
  }

 private:
  std::vector<AddedToken>& tokens_;
  std::set<std::string> contents_;
};

// A list, or an object by name.
Status parse_extra_tokens(const JsonValue& extra, Collector& collector) {
  const auto add = [&](const JsonValue& value) -> Status {
    LATFORMER_ASSIGN(AddedToken token, parse_token(value));
    collector.add(std::move(token));
    return {};
  };
  if (extra.is_array()) {
    LATFORMER_ASSIGN(const JsonArray array, extra.array());
    for (const JsonValue value : array) LATFORMER_TRY(add(value));
  } else if (extra.given()) {
    LATFORMER_ASSIGN(const JsonObject object, extra.object());
    for (const JsonMember member : object) LATFORMER_TRY(add(member.value));
  }
  return {};
}

}  // namespace

Result<JsonDocument> open_tokenizer_config(std::string_view json) {
  if (json.empty()) json = "{}";
  LATFORMER_ASSIGN(JsonDocument document, JsonDocument::parse(kTokenizerConfigFile, json));
  LATFORMER_TRY(document.root().object().status());
  return document;
}

Result<AddedToken> parse_added_token(const JsonValue& value) {
  AddedToken token;
  LATFORMER_ASSIGN(token.content, value["content"].string());
  LATFORMER_ASSIGN(token.single_word, value["single_word"].boolean_or(false));
  LATFORMER_ASSIGN(token.lstrip, value["lstrip"].boolean_or(false));
  LATFORMER_ASSIGN(token.rstrip, value["rstrip"].boolean_or(false));
  LATFORMER_ASSIGN(token.special, value["special"].boolean_or(false));
  LATFORMER_ASSIGN(token.normalized, value["normalized"].boolean_or(!token.special));
  return token;
}

bool ConfiguredTokens::lists(std::string_view content) const {
  return std::any_of(listed.begin(), listed.end(), [&](const AddedToken& token) { return token.content == content; });
}

Result<ConfiguredTokens> parse_configured_tokens(const JsonValue& config, std::span<const SpecialToken> special) {
  ConfiguredTokens result;
  LATFORMER_TRY(parse_listed_tokens(config["added_tokens_decoder"], result.listed));
  Collector collector(result.tokens);
  for (const AddedToken& token : result.listed) collector.add(token);
  for (const auto& [key, by_default] : special) {
    AddedToken token;
    token.special = true;
    token.content = by_default;
    if (const JsonValue value = config[key]; value.given()) {
      LATFORMER_ASSIGN(token, parse_token(value));
      token.special = true;
    }
    result.special[std::string(key)] = token.content;
    collector.add(std::move(token));
  }
  LATFORMER_TRY(parse_extra_tokens(config["extra_special_tokens"], collector));
  LATFORMER_TRY(parse_extra_tokens(config["additional_special_tokens"], collector));
  return result;
}

}  // namespace latformer
