// speedup -> word-vectors per layer, by the cost model (docs/method.md, "Cost, and the knob").
//
//   S(c) = MACs(0) / MACs(c), the model's own (cost.h);   setSpeedup(k) finds the smallest c with S(c) >= k by
//   bisection.
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
#include "core/elimination/cost.h"
#include "core/elimination/profile.h"
#include "core/elimination/time/time_model.h"

namespace latformer {

struct Schedule {
  std::vector<uint32_t> counts;  // n_1 .. n_L: word-vectors that leave each layer, the rest row included
  double coefficient = 0;        // c
  double achieved = 1;           // S(c)
  uint64_t macs = 0;
  std::optional<double> milliseconds{};  // T(c), if the model was calibrated
};

inline constexpr int kBisectionSteps = 32;

// counts for coefficient c (infinity: the fewest possible) and an input of `tokens` >= 1 word-vectors; the last one is
// 1 where the model reads one row.
std::vector<uint32_t> counts_for(const Cost& cost, const Profile& profile, uint32_t tokens, double coefficient);

// Solves and remembers schedules of one model.
class Scheduler {
 public:
  // profile.retention has cost.num_layers >= 1 entries.
  Scheduler(Cost cost, Profile profile);
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
  const Cost& cost() const { return cost_; }

 private:
  std::vector<uint32_t> counts(uint32_t tokens, double coefficient) const;
  Schedule at(uint32_t tokens, double coefficient) const;
  Schedule solve_macs(uint32_t tokens, double speedup) const;
  Schedule solve_time(uint32_t tokens, double speedup);
  double largest_coefficient(uint32_t tokens);  // of the validated range

  Cost cost_;
  Profile profile_;
  std::optional<TimeModel> time_model_;
  std::map<uint32_t, double> largest_;
  std::map<std::pair<uint32_t, double>, Schedule> solved_;
};

}  // namespace latformer
