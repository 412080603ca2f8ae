// What a loaded model and its calibration look like in JavaScript, as far as tasks have it in common.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "bindings/value/value.h"
#include "bindings/wasm/convert.h"
#include "core/elimination/profile.h"
#include "core/elimination/time/time_model.h"
#include "core/kernels/linear.h"
#include "core/tasks/load_options.h"

namespace latformer {

// Names of a Precision, those of transformers.js; absent for any other name, '' among them.
inline std::optional<Precision> precision_of(const std::string& dtype) {
  if (dtype == "fp32") return Precision::f32;
  if (dtype == "q8") return Precision::int8;
  if (dtype == "q4") return Precision::int4;
  return {};
}

inline std::string dtype_of(Precision precision) {
  return precision == Precision::f32 ? "fp32" : precision == Precision::int8 ? "q8" : "q4";
}

// An object with max_tokens, max_speedup, profile, dtype, threads, kernels; the rest is the model's own.
inline val common_settings(const Profile& profile, uint32_t max_tokens, Precision precision, size_t threads) {
  val profile_object = val::object();
  profile_object.set("source", std::string(profile.is_default ? "default" : "model"));
  profile_object.set("dropped", std::string(profile.dropped == Dropped::merge ? "merge" : "discard"));
  profile_object.set("retention", array_of(profile.retention, [](double r) { return val(r); }));
  profile_object.set("acc", array_of(profile.acc, [](double acc) { return val(acc); }));

  val settings = val::object();
  settings.set("max_tokens", max_tokens);
  settings.set("max_speedup", profile.max_speedup);
  settings.set("profile", profile_object);
  settings.set("dtype", dtype_of(precision));
  settings.set("threads", threads);
  settings.set("kernels", std::string(kernels::description()));
  return settings;
}

// A calibration. milliseconds(tokens): of a text at speedup 1.
template <class Milliseconds>
val calibration_of(const TimeModel& model, uint32_t max_tokens, const Milliseconds& milliseconds) {
  val texts = val::array();  // of lengths that double up to the longest
  for (uint32_t tokens = std::min(16U, max_tokens), i = 0;; tokens = std::min(2 * tokens, max_tokens), ++i) {
    val text = val::object();
    text.set("tokens", tokens);
    text.set("milliseconds", milliseconds(tokens));
    texts.set(i, text);
    if (tokens == max_tokens) break;
  }
  val result = val::object();
  result.set("outside", model.outside);
  result.set("json", to_json(model));
  result.set("texts", texts);
  return result;
}

}  // namespace latformer
