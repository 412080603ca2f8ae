#include "core/text/pre_tokenizers/pre_tokenizers_json.h"

#include <string>
#include <utility>

#include "core/format/names.h"
#include "core/text/json_parts.h"

namespace latformer {
namespace {

using Kind = PreTokenizerStep::Kind;

constexpr size_t kMostPreTokenizers = 16;

constexpr Names<Behavior, 5> kBehaviors = {{{{"Removed", Behavior::removed},
                                             {"Isolated", Behavior::isolated},
                                             {"Contiguous", Behavior::contiguous},
                                             {"MergedWithPrevious", Behavior::with_previous},
                                             {"MergedWithNext", Behavior::with_next}}}};

PreTokenizerStep split_at(Delimiter delimiter, Behavior behavior, bool inverts = false) {
  return {.kind = Kind::split, .delimiter = delimiter, .behavior = behavior, .inverts = inverts};
}

Status parse_split(const JsonValue& split, PreTokenizer& steps) {
  LATFORMER_ASSIGN(const Behavior behavior, kBehaviors.parse(split["behavior"]));
  LATFORMER_ASSIGN(const bool inverts, split["invert"].boolean_or(false));
  if (const JsonValue text = split["pattern"]["String"]; text.exists()) {
    PreTokenizerStep step = split_at(Delimiter::text, behavior, inverts);
    LATFORMER_ASSIGN(step.text, text.string());
    if (step.text.empty()) return text.unsupported("is empty");
    steps.push_back(std::move(step));
    return {};
  }
  const JsonValue expression = split["pattern"]["Regex"];
  if (!expression.exists()) return split["pattern"].unsupported("is neither a String nor a Regex");
  LATFORMER_ASSIGN(const std::string_view text, expression.string());
  if (text == "\\s+") {
    steps.push_back(split_at(Delimiter::white_space_run, behavior, inverts));
    return {};
  }
  const auto pattern = word_pattern(text);
  if (!pattern) return expression.unsupported("is " + quote(text) + ", which is not one that is supported");
  // A pattern that every character belongs to leaves the same words whichever side is taken.
  if (behavior != Behavior::isolated && !(behavior == Behavior::removed && inverts)) {
    return split["behavior"].unsupported("is " + quote(kBehaviors.of(behavior)) +
                                         ", but only \"Isolated\" is supported");
  }
  steps.push_back({.kind = Kind::words, .pattern = *pattern});
  return {};
}

// Files of the first versions say whether a blank is put before, not where.
Status parse_metaspace(const JsonValue& metaspace, PreTokenizer& steps) {
  LATFORMER_ASSIGN(const std::string_view blank, metaspace["replacement"].string());
  if (blank.empty()) return metaspace["replacement"].fault("is empty");
  LATFORMER_ASSIGN(const bool adds, metaspace["add_prefix_space"].boolean_or(true));
  LATFORMER_ASSIGN(const std::string_view scheme, metaspace["prepend_scheme"].string_or(adds ? "always" : "never"));
  LATFORMER_ASSIGN(const bool splits, metaspace["split"].boolean_or(true));
  steps.push_back({.kind = Kind::replace_blank, .text = std::string(blank)});
  if (scheme == "always" || scheme == "first") {
    steps.push_back({.kind = scheme == "first" ? Kind::prefix_first : Kind::prefix, .text = std::string(blank)});
  } else if (scheme != "never") {
    return metaspace["prepend_scheme"].unsupported("is " + quote(scheme) + ", not \"always\", \"first\" or \"never\"");
  }
  if (splits) {
    steps.push_back(split_at(Delimiter::text, Behavior::with_next));
    steps.back().text = blank;
  }
  return {};
}

Status parse_bytes(const JsonValue& bytes, PreTokenizers& result) {
  LATFORMER_ASSIGN(const bool prefix_space, bytes["add_prefix_space"].boolean_or(true));
  LATFORMER_ASSIGN(const bool words, bytes["use_regex"].boolean_or(true));
  if (prefix_space) result.steps.push_back({.kind = Kind::prefix, .text = " "});
  if (words) result.steps.push_back({.kind = Kind::words, .pattern = kGpt2Pattern});
  result.ends_in_bytes = true;
  return {};
}

Status parse_pre_tokenizer_step(const JsonValue& value, PreTokenizers& result) {
  PreTokenizer& steps = result.steps;
  if (steps.size() >= kMostPreTokenizers) return value.unsupported("has too many parts");
  LATFORMER_ASSIGN(const std::string_view type, value["type"].string());
  if (type == "Sequence") {
    LATFORMER_ASSIGN(const JsonArray parts, value["pretokenizers"].array());
    for (const JsonValue part : parts) {
      if (result.ends_in_bytes) return value.unsupported("has something behind ByteLevel");
      LATFORMER_TRY(parse_pre_tokenizer_step(part, result));
    }
    return {};
  }
  if (type == "Split") return parse_split(value, steps);
  if (type == "Metaspace") return parse_metaspace(value, steps);
  if (type == "ByteLevel") return parse_bytes(value, result);
  if (type == "BertPreTokenizer" || type == "WhitespaceSplit") {
    steps.push_back(split_at(Delimiter::white_space, Behavior::removed));
    if (type == "BertPreTokenizer") steps.push_back(split_at(Delimiter::punctuation, Behavior::isolated));
  } else if (type == "Whitespace") {
    steps.push_back(split_at(Delimiter::not_white_space, Behavior::removed, true));
  } else if (type == "Punctuation") {
    Behavior behavior = Behavior::isolated;
    if (value["behavior"].given()) {
      LATFORMER_ASSIGN(behavior, kBehaviors.parse(value["behavior"]));
    }
    steps.push_back(split_at(Delimiter::punctuation, behavior));
  } else if (type == "Digits") {
    LATFORMER_ASSIGN(const bool each, value["individual_digits"].boolean_or(false));
    steps.push_back(split_at(Delimiter::digit, each ? Behavior::isolated : Behavior::contiguous));
  } else if (type == "CharDelimiterSplit") {
    steps.push_back(split_at(Delimiter::text, Behavior::removed));
    LATFORMER_ASSIGN(steps.back().text, value["delimiter"].string());
    if (steps.back().text.empty()) return value["delimiter"].fault("is empty");
  } else {
    return unsupported_type(value, type,
                            "BertPreTokenizer, ByteLevel, CharDelimiterSplit, Digits, Metaspace, Punctuation, Split, "
                            "Whitespace, WhitespaceSplit or a Sequence");
  }
  return {};
}

}  // namespace

Result<PreTokenizers> parse_pre_tokenizers(const JsonValue& pre_tokenizer) {
  PreTokenizers result;
  if (pre_tokenizer.given()) LATFORMER_TRY(parse_pre_tokenizer_step(pre_tokenizer, result));
  return result;
}

}  // namespace latformer
