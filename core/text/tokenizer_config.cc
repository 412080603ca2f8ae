#include "core/text/tokenizer_config.h"

#include <algorithm>
#include <array>

namespace latformer {

Result<AddedToken> parse_added_token(const JsonValue& value) {
  AddedToken token;
  LATFORMER_ASSIGN(token.content, value["content"].string());
  LATFORMER_ASSIGN(token.single_word, value["single_word"].boolean_or(false));
  LATFORMER_ASSIGN(token.lstrip, value["lstrip"].boolean_or(false));
  LATFORMER_ASSIGN(token.rstrip, value["rstrip"].boolean_or(false));
  LATFORMER_ASSIGN(const bool special, value["special"].boolean_or(false));
  LATFORMER_ASSIGN(token.normalized, value["normalized"].boolean_or(!special));
  return token;
}

Result<bool> is_like_bert(const JsonValue& config) {
  constexpr std::string_view kFast = "Fast";
  constexpr std::array<std::string_view, 5> kKnown = {"BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer",
                                                      "MobileBertTokenizer", "ConvBertTokenizer"};
  LATFORMER_ASSIGN(std::string_view name, config["tokenizer_class"].string_or(kKnown.front()));
  if (name.ends_with(kFast)) name.remove_suffix(kFast.size());
  return std::find(kKnown.begin(), kKnown.end(), name) != kKnown.end();
}

Result<NormalizerSettings> parse_normalizer_settings(const JsonValue& config) {
  NormalizerSettings settings;
  LATFORMER_ASSIGN(settings.lowercase, config["do_lower_case"].boolean_or(true));
  LATFORMER_ASSIGN(settings.handle_chinese_chars, config["tokenize_chinese_chars"].boolean_or(true));
  LATFORMER_ASSIGN(settings.strip_accents, config["strip_accents"].boolean_or(settings.lowercase));
  return settings;
}

}  // namespace latformer
