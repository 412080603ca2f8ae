// speedup -> word-vectors per layer, by the cost model (docs/method.md, "Cost, and the knob").
//
//   MACs of layer l = 3 n_{l-1} d^2 (QKV) + n_{l-1}^2 d (QK^T) + n_l n_{l-1} d (AV) + n_l d^2 (O) + 2 n_l d d_ff (FFN)
//   last layer, as executed for [CLS] alone:  (2 n_{L-1} + 1) d^2 + 2 n_{L-1} d + d^2 + 2 d d_ff
//   S(c) = MACs(0) / MACs(c);   setSpeedup(k) finds the smallest c with S(c) >= k by bisection.
//
// S is a staircase that climbs with c. So that every implementation finds the same step, c is searched like this, in
// IEEE doubles with the C library's pow:
//
//   1. target = min(k, S(infinity)), where r^infinity is 0, or 1 for r = 1.      If target <= 1, c = 0. Done.
//   2. high = 1, low = 0; while S(high) < target: low = high, high = 2 high.
//   3. kBisectionSteps times: middle = (low + high) / 2; if S(middle) >= target: high = middle, else low = middle.
//   4. c = high: S(c) >= target always holds, and c exceeds the smallest such c by at most 2^-kBisectionSteps of itself
//      (or of 1).
//
// Every c that is tried is a short binary fraction, far (in units of rounding) from the edges of the steps, which is
// why libraries whose pow differ in the last bit still agree.
//
// Once the model was calibrated on a device (time_model.h), milliseconds take the place of MACs: S(c) = T(0) / T(c),
// and a budget asks for the smallest c with T(c) <= budget. c then goes no further than the validated range: than the c
// that maxSpeedup has by MACs. The search is the same, between 0 and that c; T(0) is tried first.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/elimination/profile.h"
#include "core/elimination/time_model.h"

namespace latformer {

// The sizes that decide the cost of an encoder.
struct EncoderShape {
  uint32_t num_layers = 0;
  uint32_t hidden_size = 0;        // d
  uint32_t intermediate_size = 0;  // d_ff
};

struct Schedule {
  std::vector<uint32_t> counts;  // n_1 .. n_L: word-vectors that leave each layer, the rest row included; n_L = 1
  double coefficient = 0;        // c
  double achieved = 1;           // S(c)
  uint64_t macs = 0;
  std::optional<double> milliseconds{};  // T(c), if the model was calibrated
};

inline constexpr int kBisectionSteps = 32;

// counts for coefficient c (infinity: the fewest possible) and an input of `tokens` >= 1 word-vectors; the last one is
// 1 ([CLS] alone).
std::vector<uint32_t> counts_for(const Profile& profile, uint32_t tokens, double coefficient);
// Of an inner layer that `in` word-vectors enter and `out` leave, of the last, and of all.
uint64_t macs_of_layer(const EncoderShape& shape, uint64_t in, uint64_t out);
uint64_t macs_of_last_layer(const EncoderShape& shape, uint64_t in);
uint64_t macs_of(const EncoderShape& shape, uint32_t tokens, const std::vector<uint32_t>& counts);

// Solves and remembers schedules of one model.
class Scheduler {
 public:
  // profile.retention has shape.num_layers >= 1 entries.
  Scheduler(EncoderShape shape, Profile profile);
  // speedup >= 1 and finite (checked by the caller). achieved is at least `speedup` unless n_min forbids it, or, by
  // time, the validated range.
  // The reference is good until the next call.
  const Schedule& solve(uint32_t tokens, double speedup);

  // For inputs of these lengths together, one after the other: one coefficient for all (or the end of an input's
  // validated range, if that comes first), the smallest that keeps the sum of T within `milliseconds`; where none does,
  // the largest. time_model() is there.
  std::vector<Schedule> solve_within(std::span<const uint32_t> lengths, double milliseconds);

  // From now on time is what counts.
  void set_time_model(TimeModel model);
  const std::optional<TimeModel>& time_model() const { return time_model_; }
  const Profile& profile() const { return profile_; }
  const EncoderShape& shape() const { return shape_; }

 private:
  Schedule at(uint32_t tokens, double coefficient) const;
  Schedule solve_macs(uint32_t tokens, double speedup) const;
  Schedule solve_time(uint32_t tokens, double speedup);
  double largest_coefficient(uint32_t tokens);  // of the validated range

  EncoderShape shape_;
  Profile profile_;
  std::optional<TimeModel> time_model_;
  std::map<uint32_t, double> largest_;
  std::map<std::pair<uint32_t, double>, Schedule> solved_;
};

}  // namespace latformer
