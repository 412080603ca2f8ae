// Which model a config.json is of.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "core/base/status.h"
#include "core/format/json.h"
#include "core/format/quote.h"

namespace latformer {

// Errors: bad_model (no model_type), unsupported_model (another model_type; an architecture that is none of `known`,
// of which the first is the usual one).
inline Status check_architecture(const JsonValue& config, std::string_view model_type,
                                 std::initializer_list<std::string_view> known) {
  LATFORMER_ASSIGN(const std::string_view type, config["model_type"].string());
  if (type != model_type) return config["model_type"].unsupported("is " + quote(type) + ", not " + quote(model_type));
  LATFORMER_ASSIGN(const bool is_causal, config["is_causal"].boolean_or(true));
  if (!is_causal) return config["is_causal"].unsupported("is false: tokens would see those behind them");
  LATFORMER_ASSIGN(const bool has_encoder, config["is_encoder_decoder"].boolean_or(false));
  if (has_encoder) return config["is_encoder_decoder"].unsupported("is true: this is half of a translator");
  LATFORMER_ASSIGN(const std::string_view prefix, config["prefix"].string_or(""));
  if (!prefix.empty()) return config["prefix"].unsupported("is not empty: it would stand before every prompt");
  if (!config["architectures"].given()) return {};
  LATFORMER_ASSIGN(const JsonArray names, config["architectures"].array());
  for (const JsonValue name : names) {
    LATFORMER_ASSIGN(const std::string_view text, name.string());
    bool is_known = false;
    for (const std::string_view one : known) is_known |= one == text;
    if (!is_known) return name.unsupported("is " + quote(text) + ", not " + quote(*known.begin()));
  }
  return {};
}

}  // namespace latformer
