#include "core/text/unigram/unigram_json.h"

#include <string>
#include <utility>
#include <vector>

#include "core/text/json_parts.h"
#include "core/text/normalizers/normalizers_json.h"
#include "core/text/pre_tokenizers/pre_tokenizers_json.h"
#include "core/text/unigram/unigram_model.h"

namespace latformer {
namespace {

// [["token", score], ...], ids in their order.
Status parse_scored_tokens(const JsonValue& vocab, Vocabulary& vocabulary, std::vector<double>& scores) {
  LATFORMER_ASSIGN(const JsonArray array, vocab.array());
  if (array.size() == 0) return vocab.fault("is empty");
  if (array.size() > size_t{kMaxTokenId}) return vocab.unsupported("has too many tokens");
  std::vector<std::pair<std::string_view, int32_t>> entries;
  entries.reserve(array.size());
  scores.reserve(array.size());
  for (const JsonValue entry : array) {
    LATFORMER_ASSIGN(const JsonArray pair, entry.array());
    if (pair.size() != 2) return entry.fault("must be a token and its score");
    auto part = pair.begin();
    LATFORMER_ASSIGN(const std::string_view token, (*part).string());
    LATFORMER_ASSIGN(const double score, (*++part).number());
    entries.emplace_back(token, static_cast<int32_t>(entries.size()));
    scores.push_back(score);
  }
  LATFORMER_ASSIGN(vocabulary, Vocabulary::build(kTokenizerFile, std::move(entries)));
  if (vocabulary.size() != scores.size()) return vocab.unsupported("has a token twice");
  if (vocabulary.longest() > kMaxTokenBytes) {
    return vocab.unsupported("has a token of more than " + std::to_string(kMaxTokenBytes) + " bytes");
  }
  return {};
}

Status parse_unigram_decoder(const JsonValue& decoder, UnigramSettings& settings) {
  if (!decoder.given()) return {};
  LATFORMER_ASSIGN(const std::string_view type, decoder["type"].string());
  if (type != "Metaspace") return unsupported_type(decoder, type, "Metaspace");
  LATFORMER_ASSIGN(settings.blank, decoder["replacement"].string());
  if (settings.blank.empty()) return decoder["replacement"].fault("is empty");
  LATFORMER_ASSIGN(const bool adds, decoder["add_prefix_space"].boolean_or(true));
  LATFORMER_ASSIGN(const std::string_view scheme, decoder["prepend_scheme"].string_or(adds ? "always" : "never"));
  settings.drops_first_blanks = scheme != "never";
  return {};
}

}  // namespace

Result<std::unique_ptr<TextModel>> parse_unigram(const JsonValue& root) {
  const JsonValue model = root["model"];
  Vocabulary vocabulary;
  std::vector<double> scores;
  LATFORMER_TRY(parse_scored_tokens(model["vocab"], vocabulary, scores));
  UnigramSettings settings;
  // Without one the library fails at a text that it does not know.
  LATFORMER_ASSIGN(const int64_t unknown, model["unk_id"].integer(0, static_cast<int64_t>(scores.size()) - 1));
  settings.unknown_id = static_cast<int32_t>(unknown);
  LATFORMER_ASSIGN(settings.falls_back_to_bytes, model["byte_fallback"].boolean_or(false));
  for (const std::string_view key : {"alpha", "nbest_size"}) {
    if (model[key].given()) return model[key].unsupported("must be absent: it makes tokens a matter of chance");
  }
  LATFORMER_ASSIGN(Normalizers normalizers, parse_normalizers(root["normalizer"]));
  LATFORMER_ASSIGN(PreTokenizers pre_tokenizers, parse_pre_tokenizers(root["pre_tokenizer"]));
  if (pre_tokenizers.ends_in_bytes) return root["pre_tokenizer"].unsupported("is of bytes, but the model is not");
  LATFORMER_TRY(parse_unigram_decoder(root["decoder"], settings));
  std::unique_ptr<TextModel> made =
      std::make_unique<UnigramModel>(std::move(vocabulary), std::move(scores), std::move(normalizers),
                                     std::move(pre_tokenizers.steps), std::move(settings));
  return made;
}

}  // namespace latformer
