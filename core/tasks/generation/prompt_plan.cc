#include "core/tasks/generation/prompt_plan.h"

#include <algorithm>
#include <utility>

namespace latformer {

PromptPlanner::PromptPlanner(const DecoderFacts& facts, const Profile& profile, SentenceFinder sentences)
    : scheduler_(cost_of(facts, profile.prompt), profile), sentences_(std::move(sentences)) {}

PromptPlan PromptPlanner::plan(std::span<const int32_t> prompt, double speedup, std::optional<double> budget,
                               PromptMode mode) {
  return mode == PromptMode::layers ? in_layers(prompt, speedup, budget) : before_layers(prompt, speedup, budget, mode);
}

PromptPlan PromptPlanner::in_layers(std::span<const int32_t> prompt, double speedup, std::optional<double> budget) {
  const auto tokens = static_cast<uint32_t>(prompt.size());
  const Schedule schedule = budget ? scheduler_.solve_within({&tokens, 1}, *budget).front()  //
                                   : scheduler_.solve(tokens, speedup);
  PromptPlan plan;
  plan.ids.assign(prompt.begin(), prompt.end());
  plan.achieved = schedule.achieved;
  plan.macs = schedule.macs;
  plan.milliseconds = schedule.milliseconds;
  plan.is_whole = schedule.counts == whole_counts(cost(), tokens);
  if (!plan.is_whole) plan.counts = schedule.counts;
  return plan;
}

PromptPlan PromptPlanner::before_layers(std::span<const int32_t> prompt, double speedup, std::optional<double> budget,
                                        PromptMode mode) {
  const auto tokens = static_cast<uint32_t>(prompt.size());
  const double whole = cost_of_whole(tokens);
  // The validated range, for a budget that is too small.
  const double most = budget ? std::max(*budget, whole / profile().max_speedup) : whole / speedup;
  const uint32_t left = tokens_within(tokens, most, [&](uint32_t n) { return cost_of_whole(n); });

  PromptPlan plan;
  plan.is_whole = left == tokens;
  plan.macs = cost().macs(left, whole_counts(cost(), left));
  plan.achieved = whole / cost_of_whole(left);
  if (time_model()) plan.milliseconds = cost_of_whole(left);
  if (plan.is_whole || mode == PromptMode::cut) {
    plan.ids.assign(prompt.end() - left, prompt.end());
    return plan;
  }
  plan.positions = sentences_.choose(prompt, left, profile().prompt);
  for (const uint32_t position : plan.positions) plan.ids.push_back(prompt[position]);
  return plan;
}

double PromptPlanner::cost_of_whole(uint32_t tokens) const {
  const std::vector<uint32_t> counts = whole_counts(cost(), tokens);
  return time_model() ? time_model()->milliseconds(tokens, counts) : static_cast<double>(cost().macs(tokens, counts));
}

}  // namespace latformer
