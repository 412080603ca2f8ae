#include "core/elimination/time/time_model.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <limits>

#include "core/base/number_text.h"
#include "core/format/json.h"

namespace latformer {
namespace {

constexpr int64_t kVersion = 1;
constexpr double kLongest = 1e9;  // milliseconds; no part of a model takes 11 days
constexpr int64_t kMostTokens = 1 << 20;

template <class T>
std::string list_of(const std::vector<T>& values) {
  std::string text;
  for (const T value : values) text += (text.empty() ? "" : ",") + exact_text(static_cast<double>(value));
  return "[" + text + "]";
}

std::string text_of(const Curve& curve) {
  return R"({"knots":)" + list_of(curve.knots) + R"(,"slopes":)" + list_of(curve.slopes) + "}";
}

std::string text_of(const TimeModel::Layer& layer) {
  return R"({"fixed":)" + exact_text(layer.fixed) + R"(,"in":)" + text_of(layer.in) + R"(,"out":)" +
         text_of(layer.out) + "}";
}

Result<double> parse_number(const JsonValue& value, double least = 0) {
  LATFORMER_ASSIGN(const double number, value.number());
  if (!(number >= least && number <= kLongest)) return value.fault("is out of range");
  return number;
}

Result<Curve> parse_curve(const JsonValue& value) {
  Curve curve;
  LATFORMER_ASSIGN(const JsonArray knots, value["knots"].array());
  for (const JsonValue knot : knots) {
    const int64_t least = curve.knots.empty() ? 1 : curve.knots.back() + int64_t{1};
    LATFORMER_ASSIGN(const int64_t n, knot.integer(least, kMostTokens));
    curve.knots.push_back(static_cast<uint32_t>(n));
  }
  LATFORMER_ASSIGN(const JsonArray slopes, value["slopes"].array());
  for (const JsonValue slope : slopes) {
    LATFORMER_ASSIGN(const double number, parse_number(slope));
    curve.slopes.push_back(number);
  }
  const size_t spaces = curve.knots.empty() ? 0 : curve.knots.size() - 1;
  if (curve.slopes.size() != spaces) return value["slopes"].fault("must be one for each space between knots");
  return curve;
}

Result<TimeModel::Layer> parse_layer(const JsonValue& value) {
  TimeModel::Layer layer;
  LATFORMER_ASSIGN(layer.fixed, parse_number(value["fixed"]));
  LATFORMER_ASSIGN(layer.in, parse_curve(value["in"]));
  LATFORMER_ASSIGN(layer.out, parse_curve(value["out"]));
  return layer;
}

}  // namespace

double Curve::at(uint32_t n) const {
  double sum = 0;
  for (size_t i = 0; i < slopes.size() && n > knots[i]; ++i) {
    const uint32_t end = i + 1 < slopes.size() ? std::min(n, knots[i + 1]) : n;
    sum += slopes[i] * (end - knots[i]);
  }
  return sum;
}

double TimeModel::milliseconds(uint32_t tokens, const std::vector<uint32_t>& counts) const {
  assert(!counts.empty());
  const size_t inner = last ? counts.size() - 1 : counts.size();
  const bool drops = inner > 0 && counts[inner - 1] < tokens;
  double sum = outside + call + token * tokens;
  uint32_t in = tokens;
  for (size_t index = 0; index < inner; ++index) {
    sum += of_layer(in, counts[index], drops);
    in = counts[index];
  }
  return last ? sum + of_last_layer(in) : sum;
}

double TimeModel::of_layer(uint32_t in, uint32_t out, bool drops) const {
  const double rows = in;
  return layer.fixed + layer.in.at(in) + layer.out.at(out) + attention * (rows * rows + rows * out) +
         (drops ? dropping * rows * rows : 0);
}

double TimeModel::of_last_layer(uint32_t in) const { return last->fixed + last->in.at(in); }

double TimeModel::milliseconds(const Workload& work) const {
  switch (work.part) {
    case Workload::Part::words:
    case Workload::Part::embedding:  // only their sum is known
      return token * work.in;
    case Workload::Part::layer:
      return of_layer(work.in, work.out, work.out < work.in);
    case Workload::Part::last_layer:
      return of_last_layer(work.in);
    case Workload::Part::head:
      return call;
  }
  return 0;
}

std::string to_json(const TimeModel& model) {
  return R"({"version":)" + std::to_string(kVersion) + R"(,"outside":)" + exact_text(model.outside) + R"(,"call":)" +
         exact_text(model.call) + R"(,"token":)" + exact_text(model.token) + R"(,"layer":)" + text_of(model.layer) +
         R"(,"last":)" + (model.last ? text_of(*model.last) : "null") + R"(,"attention":)" +
         exact_text(model.attention) + R"(,"dropping":)" + exact_text(model.dropping) + R"(,"spread":)" +
         exact_text(model.spread) + "}";
}

Result<TimeModel> parse_time_model(std::string_view json) {
  LATFORMER_ASSIGN(const JsonDocument document, JsonDocument::parse("calibration", json, {.max_bytes = 1 << 16}));
  const JsonValue root = document.root();
  LATFORMER_TRY(root.object().status());
  LATFORMER_TRY(root["version"].integer(kVersion, kVersion).status());
  TimeModel model;
  LATFORMER_ASSIGN(model.outside, parse_number(root["outside"]));
  LATFORMER_ASSIGN(model.call, parse_number(root["call"]));
  LATFORMER_ASSIGN(model.token, parse_number(root["token"]));
  LATFORMER_ASSIGN(model.layer, parse_layer(root["layer"]));
  if (!root["last"].is_null()) {
    LATFORMER_ASSIGN(model.last, parse_layer(root["last"]));
  }
  LATFORMER_ASSIGN(model.attention, parse_number(root["attention"]));
  LATFORMER_ASSIGN(model.dropping, parse_number(root["dropping"]));
  LATFORMER_ASSIGN(model.spread, parse_number(root["spread"], 1));
  // Speedups are ratios of times: a model by which nothing takes any is none.
  if (!(model.milliseconds(1, {1}) > 0)) return root.fault("predicts that nothing takes any time");
  return model;
}

}  // namespace latformer
