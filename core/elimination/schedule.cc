#include "core/elimination/schedule.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

namespace latformer {
namespace {

// A slider that is moved all day must not fill the memory: past this, everything is forgotten and solved anew.
constexpr size_t kMaxRemembered = 8192;

}  // namespace

std::vector<uint32_t> counts_for(const Profile& profile, uint32_t tokens, double coefficient) {
  assert(tokens >= 1 && !profile.retention.empty());
  std::vector<uint32_t> counts;
  uint32_t n = tokens;
  for (const double retention : profile.retention) {
    const double share = std::ceil(tokens * std::pow(retention, coefficient));  // 0 .. tokens
    n = std::min(n, std::max(profile.n_min(), static_cast<uint32_t>(share)));
    counts.push_back(n);
  }
  counts.back() = 1;
  return counts;
}

uint64_t macs_of(const EncoderShape& shape, uint32_t tokens, const std::vector<uint32_t>& counts) {
  assert(counts.size() == shape.num_layers);
  const uint64_t d = shape.hidden_size;
  const uint64_t d_ff = shape.intermediate_size;
  uint64_t macs = 0;
  uint64_t in = tokens;
  for (size_t layer = 0; layer + 1 < counts.size(); ++layer) {
    const uint64_t out = counts[layer];
    macs += 3 * in * d * d + in * in * d + out * in * d + out * d * d + 2 * out * d * d_ff;
    in = out;
  }
  return macs + (2 * in + 1) * d * d + 2 * in * d + d * d + 2 * d * d_ff;
}

Scheduler::Scheduler(EncoderShape shape, Profile profile) : shape_(shape), profile_(std::move(profile)) {
  assert(profile_.retention.size() == shape_.num_layers);
}

Schedule Scheduler::at(uint32_t tokens, double coefficient, uint64_t macs_in_full) const {
  Schedule schedule{.counts = counts_for(profile_, tokens, coefficient), .coefficient = coefficient};
  schedule.macs = macs_of(shape_, tokens, schedule.counts);
  schedule.achieved = static_cast<double>(macs_in_full) / static_cast<double>(schedule.macs);
  return schedule;
}

const Schedule& Scheduler::solve(uint32_t tokens, double speedup) {
  const auto key = std::make_pair(tokens, speedup);
  if (const auto known = solved_.find(key); known != solved_.end()) return known->second;
  if (solved_.size() >= kMaxRemembered) solved_.clear();

  const uint64_t full = macs_of(shape_, tokens, counts_for(profile_, tokens, 0));
  const Schedule floor = at(tokens, std::numeric_limits<double>::infinity(), full);
  const double target = std::min(speedup, floor.achieved);
  if (target <= 1) return solved_[key] = at(tokens, 0, full);

  double low = 0;
  Schedule high = at(tokens, 1, full);
  while (high.achieved < target) {
    low = high.coefficient;
    high = at(tokens, 2 * high.coefficient, full);
  }
  for (int step = 0; step < kBisectionSteps; ++step) {
    Schedule middle = at(tokens, (low + high.coefficient) / 2, full);
    if (middle.achieved >= target) {
      high = std::move(middle);
    } else {
      low = middle.coefficient;
    }
  }
  return solved_[key] = std::move(high);
}

}  // namespace latformer
