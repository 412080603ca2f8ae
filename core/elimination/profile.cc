#include "core/elimination/profile.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/format/json.h"
#include "core/format/names.h"

namespace latformer {
namespace {

constexpr double kLargestAcc = 1000;      // n s_l(j) is 1 on average; its median lies nearby
constexpr double kLargestSpeedup = 1000;  // far beyond what any input of 512 tokens allows

constexpr Names<Dropped, 2> kDropped = {{{{"discard", Dropped::discard}, {"merge", Dropped::merge}}}};
constexpr Names<ProfileShape, 4> kShapes = {{{{"running_minimum", ProfileShape::running_minimum},
                                              {"running_product", ProfileShape::running_product},
                                              {"geometric", ProfileShape::geometric},
                                              {"linear", ProfileShape::linear}}}};

Result<double> number_above_zero(const JsonValue& value, double most) {
  LATFORMER_ASSIGN(const double number, value.number());
  // Nothing so small that its powers or products lose their precision.
  if (!(number >= std::numeric_limits<float>::min() && number <= most)) {
    return value.fault("must be above 0 and at most " + std::to_string(static_cast<int>(most)));
  }
  return number;
}

// One number in (0, most] for each layer; none if the field is not given.
Result<std::vector<double>> parse_layers(const JsonValue& value, uint32_t num_layers, double most) {
  std::vector<double> numbers;
  if (!value.given()) return numbers;
  LATFORMER_ASSIGN(const JsonArray array, value.array());
  if (array.size() != num_layers) {
    return value.fault("has " + std::to_string(array.size()) + " values, but the model has " +
                       std::to_string(num_layers) + " layers");
  }
  for (const JsonValue element : array) {
    LATFORMER_ASSIGN(const double number, number_above_zero(element, most));
    numbers.push_back(number);
  }
  return numbers;
}

Result<std::vector<double>> parse_retention(const JsonValue& root, const std::vector<double>& acc,
                                            uint32_t num_layers) {
  LATFORMER_ASSIGN(std::vector<double> retention, parse_layers(root["retention"], num_layers, 1));
  if (!std::is_sorted(retention.rbegin(), retention.rend())) return root["retention"].fault("must not increase");
  // Also when they are not needed, shape and r_min must be right.
  const JsonValue shape_name = root["shape"];
  const JsonValue floor = root["r_min"];
  LATFORMER_ASSIGN(const double r_min, floor.given() ? number_above_zero(floor, 1) : Result<double>(kDefaultRMin));
  if (!shape_name.given()) {
    if (retention.empty()) return root["retention"].array().status();  // neither of the two is there
    return retention;
  }
  LATFORMER_ASSIGN(const ProfileShape shape, kShapes.parse(shape_name));
  if (!retention.empty()) return retention;
  const bool reads_acc = shape == ProfileShape::running_minimum || shape == ProfileShape::running_product;
  if (reads_acc && acc.empty()) return root["acc"].array().status();
  return retention_of(shape, reads_acc ? acc : std::vector<double>(num_layers, 1), r_min);
}

}  // namespace

std::vector<double> retention_of(ProfileShape shape, const std::vector<double>& acc, double r_min) {
  const double layers = static_cast<double>(acc.size());
  std::vector<double> retention;
  retention.reserve(acc.size());
  double running = 1;
  for (const double contribution : acc) {
    const double depth = static_cast<double>(retention.size() + 1) / layers;  // l / L
    switch (shape) {
      case ProfileShape::running_minimum:
        running = std::min(running, contribution);
        break;
      case ProfileShape::running_product:
        running = std::min(running, running * contribution);
        break;
      case ProfileShape::geometric:
        running = std::pow(r_min, depth);
        break;
      case ProfileShape::linear:
        running = 1 - (1 - r_min) * depth;
        break;
    }
    retention.push_back(std::max(r_min, running));
  }
  return retention;
}

Profile default_profile(uint32_t num_layers) {
  Profile profile;
  profile.retention = retention_of(ProfileShape::geometric, std::vector<double>(num_layers, 1), kDefaultRMin);
  profile.max_speedup = kDefaultMaxSpeedup;
  profile.is_default = true;
  return profile;
}

Profile default_decoder_profile(uint32_t num_layers) {
  Profile profile = default_profile(num_layers);
  profile.dropped = Dropped::discard;
  return profile;
}

Result<Profile> parse_profile(std::string_view json, uint32_t num_layers) {
  LATFORMER_ASSIGN(const JsonDocument document, JsonDocument::parse("profile.json", json, {.max_bytes = 1 << 20}));
  const JsonValue root = document.root();
  LATFORMER_TRY(root.object().status());
  LATFORMER_ASSIGN(const int64_t version, root["version"].integer(0, std::numeric_limits<int64_t>::max()));
  if (version != 1) return root["version"].fault("is " + std::to_string(version) + "; the known version is 1");

  Profile profile;
  LATFORMER_ASSIGN(profile.acc, parse_layers(root["acc"], num_layers, kLargestAcc));
  LATFORMER_ASSIGN(profile.retention, parse_retention(root, profile.acc, num_layers));
  LATFORMER_ASSIGN(profile.dropped, kDropped.parse(root["dropped"]));
  LATFORMER_ASSIGN(profile.max_speedup, root["max_speedup"].number());
  if (!(profile.max_speedup >= 1 && profile.max_speedup <= kLargestSpeedup)) {
    return root["max_speedup"].fault("must be between 1 and 1000");
  }
  if (root["prompt"].given()) {
    LATFORMER_ASSIGN(profile.prompt, parse_prompt_elimination(root["prompt"]));
  }
  return profile;
}

Result<Profile> parse_decoder_profile(std::string_view json, uint32_t num_layers) {
  LATFORMER_ASSIGN(Profile profile, parse_profile(json, num_layers));
  if (profile.dropped == Dropped::discard) return profile;
  return unsupported_model("profile.json: dropped is \"merge\", but a decoder has no rest row");
}

}  // namespace latformer
