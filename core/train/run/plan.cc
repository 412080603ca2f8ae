#include "core/train/run/plan.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <utility>

#include "core/train/data/random.h"
#include "core/train/run/learning_rate.h"

namespace latformer::train {
namespace {

// One batch dealt out like cards, so that each has texts of all its lengths.
std::deque<Batch> dealt(const Batch& batch, uint32_t parts) {
  std::deque<Batch> hands(std::min<size_t>(parts, batch.size()));
  for (size_t i = 0; i < batch.size(); ++i) hands[i % hands.size()].push_back(batch[i]);
  return hands;
}

// Appends the steps of `epochs` epochs, the last of which may be a part of one.
void add_epochs(std::span<const uint32_t> lengths, double epochs, const PlanOptions& options, uint64_t first_epoch,
                uint32_t full_every, uint32_t pruned_batch, Plan& plan) {
  BatchLimits limits = options.batches;
  limits.max_tokens *= pruned_batch;
  limits.max_texts *= pruned_batch;
  const size_t first = plan.all.size();
  for (uint64_t epoch = 0; static_cast<double>(epoch) < epochs; ++epoch) {
    std::vector<Batch> batches = training_batches(lengths, limits, options.seed, first_epoch + epoch);
    const double share = std::min(1.0, epochs - static_cast<double>(epoch));
    batches.resize(static_cast<size_t>(std::ceil(share * static_cast<double>(batches.size()))));
    std::deque<Batch> for_full;  // of a batch that was dealt out
    for (size_t next = 0; next < batches.size() || !for_full.empty();) {
      const bool full = next == batches.size() || (plan.all.size() - first) % full_every == 0;
      if (full && for_full.empty()) for_full = dealt(batches[next++], pruned_batch);
      if (full) {
        plan.all.push_back({.batch = std::move(for_full.front()), .full = true});
        for_full.pop_front();
      } else {
        plan.all.push_back({.batch = std::move(batches[next++]), .full = false});
      }
    }
    plan.epoch_ends.push_back(plan.all.size());
  }
}

}  // namespace

Plan plan_of(std::span<const Example> examples, const PlanOptions& options) {
  std::vector<uint32_t> lengths;
  for (const Example& example : examples) lengths.push_back(static_cast<uint32_t>(example.tokens.ids.size()));
  Plan plan;
  add_epochs(lengths, options.teacher.epochs, options, 0, 1, 1, plan);
  plan.teacher_steps = plan.steps();
  const auto next_epoch = static_cast<uint64_t>(std::ceil(options.teacher.epochs));
  add_epochs(lengths, options.elimination.epochs, options, next_epoch, options.full_every, options.pruned_batch, plan);
  return plan;
}

double Plan::learning_rate(uint64_t step, const PlanOptions& options) const {
  if (is_teacher(step)) {
    return train::learning_rate(options.teacher.learning_rate, step, teacher_steps, options.warm_up);
  }
  return train::learning_rate(options.elimination.learning_rate, step - teacher_steps, steps() - teacher_steps,
                              options.warm_up);
}

double Plan::top_speedup(uint64_t step, const PlanOptions& options) const {
  const double ramp_steps = options.ramp * static_cast<double>(steps() - teacher_steps);
  const double share = std::min(1.0, static_cast<double>(step - teacher_steps + 1) / std::max(1.0, ramp_steps));
  return std::pow(options.target_speedup * (options.target_pass ? 1 : options.reach), share);
}

std::vector<double> Plan::speedups(uint64_t step, const PlanOptions& options) const {
  const double top = top_speedup(step, options);
  // In hundredths, so that schedules of few speedups have to be remembered.
  const auto at = [&](double share) { return std::max(1.0, std::round(100 * std::pow(top, share)) / 100); };
  Random random(options.seed, "speedup", step);
  if (options.target_pass) return {top, at(random.uniform())};
  const double upper = (1 + random.uniform()) / 2;
  return {at(upper), at(random.uniform() / 2)};
}

std::vector<uint32_t> CappedSchedules::counts(uint32_t tokens, double speedup) {
  const Schedule& schedule = scheduler_.solve(tokens, speedup);
  if (schedule.counts.size() < 2 || schedule.counts.front() >= std::min(min_rows_, tokens)) return schedule.counts;
  return counts_for(scheduler_.cost(), scheduler_.profile(), tokens, largest_coefficient(tokens));
}

double CappedSchedules::largest_coefficient(uint32_t tokens) {
  const auto [known, is_new] = largest_.try_emplace(tokens, 0);
  if (!is_new) return known->second;
  double low = 0, high = scheduler_.solve(tokens, scheduler_.profile().max_speedup * 100).coefficient;
  for (int step = 0; step < kBisectionSteps; ++step) {
    const double middle = (low + high) / 2;
    const auto rows = counts_for(scheduler_.cost(), scheduler_.profile(), tokens, middle).front();
    (rows >= std::min(min_rows_, tokens) ? low : high) = middle;
  }
  return known->second = low;
}

}  // namespace latformer::train
