#include "core/text/wordpiece/bert_config.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/text/tokenizer_config.h"

namespace latformer {

namespace {

constexpr std::array<std::string_view, 6> kBertTokenizers = {"BertTokenizer",     "DistilBertTokenizer",
                                                             "ElectraTokenizer",  "MobileBertTokenizer",
                                                             "ConvBertTokenizer", kMPNetTokenizer};
// Those whose models are not told of types.
constexpr std::array<std::string_view, 8> kWithoutTypes = {
    "DistilBertTokenizer", "RobertaTokenizer", "XLMRobertaTokenizer", "CamembertTokenizer",
    "AlbertTokenizer",     kMPNetTokenizer,    "PreTrainedTokenizer", "TokenizersBackend"};

Result<std::string_view> class_of(const JsonValue& config, std::string_view otherwise) {
  return tokenizer_class(config, otherwise.empty() ? kBertTokenizers.front() : otherwise);
}

}  // namespace

Result<bool> is_like_bert(const JsonValue& config, std::string_view otherwise) {
  LATFORMER_ASSIGN(const std::string_view name, class_of(config, otherwise));
  return std::ranges::find(kBertTokenizers, name) != kBertTokenizers.end();
}

Result<bool> gives_type_ids(const JsonValue& config, std::string_view otherwise) {
  LATFORMER_ASSIGN(const std::string_view name, class_of(config, otherwise));
  return std::ranges::find(kWithoutTypes, name) == kWithoutTypes.end();
}

Result<NormalizerSettings> parse_normalizer_settings(const JsonValue& config) {
  NormalizerSettings settings;
  LATFORMER_ASSIGN(settings.lowercase, config["do_lower_case"].boolean_or(true));
  LATFORMER_ASSIGN(settings.handle_chinese_chars, config["tokenize_chinese_chars"].boolean_or(true));
  LATFORMER_ASSIGN(settings.strip_accents, config["strip_accents"].boolean_or(settings.lowercase));
  return settings;
}

}  // namespace latformer
