#include "core/text/tokenizer_config.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "core/format/quote.h"

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

// {"token": id, ...}
Status parse_legacy_tokens(const JsonValue& added_tokens,
                           const std::map<std::string, std::string, std::less<>>& special,
                           std::vector<AddedToken>& listed) {
  if (!added_tokens.given()) return {};
  LATFORMER_ASSIGN(const JsonObject object, added_tokens.object());
  for (const JsonMember member : object) {
    AddedToken token;
    token.content = member.key;
    LATFORMER_ASSIGN(const int64_t id, member.value.integer(0, INT32_MAX));
    token.id = static_cast<int32_t>(id);
    token.special =
        std::any_of(special.begin(), special.end(), [&](const auto& s) { return s.second == token.content; });
    token.normalized = !token.special;
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

// Tokens of a model's own, as "image_token": of any name that ends so.
Status parse_own_tokens(const JsonValue& config, std::span<const SpecialToken> special, Collector& collector) {
  LATFORMER_ASSIGN(const JsonObject members, config.object());
  for (const JsonMember member : members) {
    const bool is_own = member.key.ends_with("_token") &&
                        std::ranges::none_of(special, [&](const SpecialToken& s) { return s.key == member.key; });
    if (!is_own || !(member.value.is_string() || member.value["content"].exists())) continue;
    LATFORMER_ASSIGN(AddedToken token, parse_token(member.value));
    token.special = true;
    collector.add(std::move(token));
  }
  return {};
}

}  // namespace

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

Result<Reading> parse_reading(const JsonValue& config, Reading otherwise) {
  Reading reading = otherwise;
  LATFORMER_ASSIGN(const std::string_view side,
                   config["truncation_side"].string_or(otherwise.cuts_left ? "left" : "right"));
  if (side != "right" && side != "left") {
    return config["truncation_side"].fault("is " + quote(side) + ", but must be \"left\" or \"right\"");
  }
  reading.cuts_left = side == "left";
  // Without a limit transformers writes 1e30.
  const std::string_view length = config["model_max_length"].exists() ? "model_max_length" : "max_len";
  if (const JsonValue most = config[length]; most.given()) {
    LATFORMER_ASSIGN(const double tokens, most.number());
    if (tokens < 1) return most.fault("must be at least 1");
    if (tokens < 1e9) reading.max_tokens = static_cast<size_t>(tokens);
  }
  if (const JsonValue names = config["model_input_names"]; names.given()) {
    LATFORMER_ASSIGN(const JsonArray array, names.array());
    reading.gives_type_ids = false;
    for (const JsonValue value : array) {
      LATFORMER_ASSIGN(const std::string_view name, value.string());
      reading.gives_type_ids = reading.gives_type_ids || name == "token_type_ids";
    }
  }
  constexpr std::string_view kCleansBpe = "clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output";
  LATFORMER_ASSIGN(const bool cleans, config["clean_up_tokenization_spaces"].boolean_or(false));
  LATFORMER_ASSIGN(const bool cleans_bpe, config[kCleansBpe].boolean_or(false));
  if (cleans && cleans_bpe) return config[kCleansBpe].unsupported("is true");
  LATFORMER_ASSIGN(reading.splits_special, config["split_special_tokens"].boolean_or(false));
  return reading;
}

Result<ConfigDocuments> parse_config_documents(const TokenizerFiles& files) {
  const auto parse = [](std::string_view name, std::string_view json) -> Result<JsonDocument> {
    LATFORMER_ASSIGN(JsonDocument document, JsonDocument::parse(name, json.empty() ? std::string_view("{}") : json));
    LATFORMER_TRY(document.root().object().status());
    return document;
  };
  LATFORMER_ASSIGN(JsonDocument config, parse(kTokenizerConfigFile, files.tokenizer_config_json));
  LATFORMER_ASSIGN(JsonDocument special_tokens_map, parse(kSpecialTokensMapFile, files.special_tokens_map_json));
  LATFORMER_ASSIGN(JsonDocument added_tokens, parse(kAddedTokensFile, files.added_tokens_json));
  return ConfigDocuments{std::move(config), std::move(special_tokens_map), std::move(added_tokens)};
}

Result<std::string_view> tokenizer_class(const JsonValue& config, std::string_view otherwise) {
  constexpr std::string_view kFast = "Fast";
  LATFORMER_ASSIGN(std::string_view name, config["tokenizer_class"].string_or(otherwise));
  if (name.ends_with(kFast)) name.remove_suffix(kFast.size());
  return name;
}

bool ConfiguredTokens::lists(std::string_view content) const {
  return std::any_of(listed.begin(), listed.end(), [&](const AddedToken& token) { return token.content == content; });
}

Result<ConfiguredTokens> parse_configured_tokens(const JsonValue& config, const LegacyTokens& legacy,
                                                 std::span<const SpecialToken> special) {
  const bool is_legacy = !config["added_tokens_decoder"].exists();
  const auto named = [&](std::string_view key) {
    const JsonValue value = legacy.special_tokens_map[key];
    return is_legacy && value.given() ? value : config[key];
  };
  ConfiguredTokens result;
  result.lists_decoder = !is_legacy;
  std::vector<AddedToken> named_tokens;
  for (const auto& [key, by_default] : special) {
    AddedToken token;
    token.content = by_default;
    if (const JsonValue value = named(key); value.given()) {
      LATFORMER_ASSIGN(token, parse_token(value));
    } else if (value.is_null()) {
      token.content.clear();
    }
    token.special = true;
    result.special[std::string(key)] = token.content;
    named_tokens.push_back(std::move(token));
  }
  LATFORMER_TRY(is_legacy ? parse_legacy_tokens(legacy.added_tokens, result.special, result.listed)
                          : parse_listed_tokens(config["added_tokens_decoder"], result.listed));
  Collector collector(result.tokens);
  for (const AddedToken& token : result.listed) collector.add(token);
  for (AddedToken& token : named_tokens) collector.add(std::move(token));
  LATFORMER_TRY(parse_own_tokens(config, special, collector));
  LATFORMER_TRY(parse_extra_tokens(named("extra_special_tokens"), collector));
  LATFORMER_TRY(parse_extra_tokens(named("additional_special_tokens"), collector));
  return result;
}

}  // namespace latformer
