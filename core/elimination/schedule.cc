#include "core/elimination/schedule.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <utility>

namespace latformer {
namespace {

// A slider that is moved all day must not fill the memory: past this, everything is forgotten and solved anew.
constexpr size_t kMaxRemembered = 8192;

// The smallest coefficient in (low, high] that is `enough`, which high is; see schedule.h.
template <class Enough>
double bisect(double low, double high, const Enough& enough) {
  for (int step = 0; step < kBisectionSteps; ++step) {
    const double middle = (low + high) / 2;
    (enough(middle) ? high : low) = middle;
  }
  return high;
}

}  // namespace

std::vector<uint32_t> counts_for(const Cost& cost, const Profile& profile, uint32_t tokens, double coefficient) {
  assert(tokens >= 1 && !profile.retention.empty());
  std::vector<uint32_t> counts;
  const uint32_t n_min = std::max(cost.n_min(profile.dropped), 1U);
  uint32_t n = tokens;
  for (const double retention : profile.retention) {
    const double share = std::ceil(tokens * std::pow(retention, coefficient));  // 0 .. tokens
    n = std::min(n, std::max(n_min, static_cast<uint32_t>(share)));
    counts.push_back(n);
  }
  if (cost.last == Last::one_row) counts.back() = 1;
  return counts;
}

Scheduler::Scheduler(Cost cost, Profile profile) : cost_(std::move(cost)), profile_(std::move(profile)) {
  assert(profile_.retention.size() == cost_.num_layers);
}

std::vector<uint32_t> Scheduler::counts(uint32_t tokens, double coefficient) const {
  return counts_for(cost_, profile_, tokens, coefficient);
}

Schedule Scheduler::at(uint32_t tokens, double coefficient) const {
  Schedule schedule{.counts = counts(tokens, coefficient), .coefficient = coefficient};
  schedule.macs = cost_.macs(tokens, schedule.counts);
  const std::vector<uint32_t> full = counts(tokens, 0);
  if (time_model_) {
    schedule.milliseconds = time_model_->milliseconds(tokens, schedule.counts);
    schedule.achieved = time_model_->milliseconds(tokens, full) / *schedule.milliseconds;
  } else {
    schedule.achieved = static_cast<double>(cost_.macs(tokens, full)) / static_cast<double>(schedule.macs);
  }
  return schedule;
}

void Scheduler::set_time_model(TimeModel model) {
  time_model_ = std::move(model);
  solved_.clear();
}

const Schedule& Scheduler::solve(uint32_t tokens, double speedup) {
  const auto key = std::make_pair(tokens, speedup);
  if (const auto known = solved_.find(key); known != solved_.end()) return known->second;
  if (solved_.size() >= kMaxRemembered) solved_.clear();
  return solved_[key] = time_model_ ? solve_time(tokens, speedup) : solve_macs(tokens, speedup);
}

Schedule Scheduler::solve_macs(uint32_t tokens, double speedup) const {
  const std::vector<uint32_t> full = counts(tokens, 0);
  const auto macs_in_full = static_cast<double>(cost_.macs(tokens, full));
  const auto speedup_at = [&](double coefficient) {
    return macs_in_full / static_cast<double>(cost_.macs(tokens, counts(tokens, coefficient)));
  };
  const double target = std::min(speedup, speedup_at(std::numeric_limits<double>::infinity()));
  if (target <= 1) return at(tokens, 0);

  double low = 0;
  double high = 1;
  while (speedup_at(high) < target) {
    low = high;
    high = 2 * high;
  }
  return at(tokens, bisect(low, high, [&](double coefficient) { return speedup_at(coefficient) >= target; }));
}

double Scheduler::largest_coefficient(uint32_t tokens) {
  const auto [entry, is_new] = largest_.try_emplace(tokens, 0);
  if (is_new) entry->second = solve_macs(tokens, profile_.max_speedup).coefficient;
  return entry->second;
}

Schedule Scheduler::solve_time(uint32_t tokens, double speedup) {
  if (speedup <= 1) return at(tokens, 0);
  const double in_full = time_model_->milliseconds(tokens, counts(tokens, 0));
  return std::move(solve_within({&tokens, 1}, in_full / speedup).front());
}

std::vector<Schedule> Scheduler::solve_within(std::span<const uint32_t> lengths, double milliseconds) {
  double largest = 0;
  for (const uint32_t tokens : lengths) largest = std::max(largest, largest_coefficient(tokens));
  const auto fits = [&](double coefficient) {
    double sum = 0;
    for (const uint32_t tokens : lengths) {
      const double its_own = std::min(coefficient, largest_coefficient(tokens));
      sum += time_model_->milliseconds(tokens, counts(tokens, its_own));
    }
    return sum <= milliseconds;
  };
  double coefficient = 0;
  if (!fits(0)) coefficient = fits(largest) ? bisect(0, largest, fits) : largest;

  std::vector<Schedule> schedules;
  schedules.reserve(lengths.size());
  for (const uint32_t tokens : lengths) {
    schedules.push_back(at(tokens, std::min(coefficient, largest_coefficient(tokens))));
  }
  return schedules;
}

}  // namespace latformer
