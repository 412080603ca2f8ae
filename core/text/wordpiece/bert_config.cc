#include "core/text/wordpiece/bert_config.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace latformer {

namespace {

constexpr std::string_view kDistilBert = "DistilBertTokenizer";
constexpr std::array<std::string_view, 5> kBertTokenizers = {"BertTokenizer", kDistilBert, "ElectraTokenizer",
                                                             "MobileBertTokenizer", "ConvBertTokenizer"};

// Without "Fast" at its end.
Result<std::string_view> class_of(const JsonValue& config, std::string_view otherwise) {
  constexpr std::string_view kFast = "Fast";
  LATFORMER_ASSIGN(std::string_view name,
                   config["tokenizer_class"].string_or(otherwise.empty() ? kBertTokenizers.front() : otherwise));
  if (name.ends_with(kFast)) name.remove_suffix(kFast.size());
  return name;
}

}  // namespace

Result<bool> is_like_bert(const JsonValue& config, std::string_view otherwise) {
  LATFORMER_ASSIGN(const std::string_view name, class_of(config, otherwise));
  return std::find(kBertTokenizers.begin(), kBertTokenizers.end(), name) != kBertTokenizers.end();
}

Result<bool> gives_type_ids(const JsonValue& config, std::string_view otherwise) {
  LATFORMER_ASSIGN(const std::string_view name, class_of(config, otherwise));
  return name != kDistilBert && name != "PreTrainedTokenizer" && name != "TokenizersBackend";
}

Result<NormalizerSettings> parse_normalizer_settings(const JsonValue& config) {
  NormalizerSettings settings;
  LATFORMER_ASSIGN(settings.lowercase, config["do_lower_case"].boolean_or(true));
  LATFORMER_ASSIGN(settings.handle_chinese_chars, config["tokenize_chinese_chars"].boolean_or(true));
  LATFORMER_ASSIGN(settings.strip_accents, config["strip_accents"].boolean_or(settings.lowercase));
  return settings;
}

}  // namespace latformer
