// The retention profile: how readily each layer lets word-vectors go (docs/method.md, "Score, contribution, profile").
//
//   n_l(c) = max(n_min, ceil(N * r_l^c)),  never above n_{l-1};  c = 0 keeps everything.
//
// It stands in profile.json beside the model (schema: docs/profile.schema.json).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/elimination/prompt_settings.h"

namespace latformer {

enum class Dropped { discard, merge };  // what becomes of eliminated word-vectors: gone, or averaged in the rest row

struct Profile {
  std::vector<double> acc;        // attention context contribution of each layer; may be empty
  std::vector<double> retention;  // r_l in (0, 1], non-increasing, one per layer
  Dropped dropped = Dropped::merge;
  double max_speedup = 1;      // the largest speedup that the model was validated for
  bool is_default = false;     // true if the model came without a profile
  PromptElimination prompt{};  // of a decoder
};

enum class ProfileShape { running_minimum, running_product, geometric, linear };

// Low enough never to hold the running product of many layers: where a product ends at a floor, all dropping is left to
// the layers before it, which costs accuracy.
inline constexpr double kDefaultRMin = 1e-6;

// retention of a shape. running_minimum and running_product read acc (each above 0); geometric is r_l = r_min^(l/L),
// linear ("tilt") is r_l = 1 - (1 - r_min) l/L, l = 1..L, where L = acc.size(). Nothing falls below r_min (in (0, 1])
// or rises above 1.
std::vector<double> retention_of(ProfileShape shape, const std::vector<double>& acc, double r_min);

// The range of a model without profile.json. Nothing validated it: it is where even a tuned model of the usual size has
// little left to drop, so that the knob has a sensible end.
inline constexpr double kDefaultMaxSpeedup = 8;

// What a model without profile.json runs with: geometric, merging, up to kDefaultMaxSpeedup, not validated for any
// speed (is_default). The solved counts of a geometric profile are the same for every r_min; it is kDefaultRMin here.
Profile default_profile(uint32_t num_layers);

// The same for a decoder: sentences are chosen before the first layer; what is dropped is discarded, for a rest row
// costs more than it gives where nobody was trained for it.
Profile default_decoder_profile(uint32_t num_layers);

// retention, or shape with acc (and r_min, by default kDefaultRMin) from which it is then made. Unknown fields are
// passed over. Errors: bad_model (broken JSON, unknown version, a value out of range, another number of layers than the
// model's).
Result<Profile> parse_profile(std::string_view json, uint32_t num_layers);

// The same of a decoder. Errors: also unsupported_model (it has a rest row).
Result<Profile> parse_decoder_profile(std::string_view json, uint32_t num_layers);

}  // namespace latformer
