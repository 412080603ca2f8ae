#include "core/text/normalizers/normalizers_json.h"

#include <string>
#include <string_view>
#include <utility>

#include "core/format/names.h"
#include "core/text/json_parts.h"

namespace latformer {
namespace {

constexpr size_t kMostNormalizers = 16;

// Of regular expressions those that SentencePiece's converters write.
Status parse_replace(const JsonValue& replace, NormalizerStep& step) {
  LATFORMER_ASSIGN(step.content, replace["content"].string());
  if (const JsonValue text = replace["pattern"]["String"]; text.exists()) {
    step.kind = NormalizerStep::Kind::replace;
    LATFORMER_ASSIGN(step.pattern, text.string());
    if (step.pattern.empty()) return text.unsupported("is empty");
    return {};
  }
  const JsonValue expression = replace["pattern"]["Regex"];
  LATFORMER_ASSIGN(const std::string_view pattern, expression.string());
  if (pattern == " {2,}") {
    step.kind = NormalizerStep::Kind::replace_blanks;
  } else if (pattern == "\\s+") {
    step.kind = NormalizerStep::Kind::replace_spaces;
  } else {
    return expression.unsupported("is " + quote(pattern) + ", which is not one that is supported");
  }
  return {};
}

constexpr Names<NormalForm, 4> kForms = {{{{"NFC", {.is_compatible = false, .composes = true}},
                                           {"NFD", {.is_compatible = false, .composes = false}},
                                           {"NFKC", {.is_compatible = true, .composes = true}},
                                           {"NFKD", {.is_compatible = true, .composes = false}}}}};

Status parse_normalizer_step(const JsonValue& normalizer, Normalizers& steps) {
  if (steps.size() == kMostNormalizers) return normalizer.unsupported("has too many parts");
  LATFORMER_ASSIGN(const std::string_view type, normalizer["type"].string());
  if (type == "Sequence") {
    LATFORMER_ASSIGN(const JsonArray parts, normalizer["normalizers"].array());
    for (const JsonValue part : parts) LATFORMER_TRY(parse_normalizer_step(part, steps));
    return {};
  }
  NormalizerStep step{.kind = NormalizerStep::Kind::lowercase};
  if (type == "Precompiled") {
    step.kind = NormalizerStep::Kind::precompiled;
    if (!normalizer["precompiled_charsmap"].given()) return {};  // of a model that was trained without
    LATFORMER_ASSIGN(step.charsmap, Charsmap::parse(normalizer["precompiled_charsmap"]));
  } else if (type == "Replace") {
    LATFORMER_TRY(parse_replace(normalizer, step));
  } else if (type == "Strip") {
    step.kind = NormalizerStep::Kind::strip;
    LATFORMER_ASSIGN(step.strips_left, normalizer["strip_left"].boolean());
    LATFORMER_ASSIGN(step.strips_right, normalizer["strip_right"].boolean());
  } else if (type == "Prepend") {
    step.kind = NormalizerStep::Kind::prepend;
    LATFORMER_ASSIGN(step.content, normalizer["prepend"].string());
  } else if (type == "Nmt") {
    step.kind = NormalizerStep::Kind::nmt;
  } else if (type == "StripAccents") {
    step.kind = NormalizerStep::Kind::strip_marks;
  } else if (const auto form = kForms.find(type)) {
    step.kind = NormalizerStep::Kind::normal_form;
    step.form = *form;
  } else if (type != "Lowercase") {
    return unsupported_type(normalizer, type,
                            "Lowercase, NFC, NFD, NFKC, NFKD, Nmt, Precompiled, Prepend, Replace, Strip, StripAccents "
                            "or a Sequence");
  }
  steps.push_back(std::move(step));
  return {};
}

}  // namespace

Result<Normalizers> parse_normalizers(const JsonValue& normalizer) {
  Normalizers steps;
  if (!normalizer.given()) return steps;
  LATFORMER_TRY(parse_normalizer_step(normalizer, steps));
  return steps;
}

}  // namespace latformer
