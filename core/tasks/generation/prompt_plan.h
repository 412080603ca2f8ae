// How a prompt is read at a speedup, or within a budget: which of its tokens enter the first layer, and how many rows
// leave each.
//
//   layers     all tokens enter; counts by the profile's retention (core/elimination/schedule.h)
//   cut        the last n tokens alone, at positions 0 .. n - 1                n: as many as the cost allows
//   sentences  n tokens at their own positions: the first one, the tail, and the sentences that are most like the
//              prompt's end (sentences.h)
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "core/base/status.h"
#include "core/elimination/profile.h"
#include "core/elimination/prompt.h"
#include "core/elimination/schedule.h"
#include "core/models/decoder/decoder.h"
#include "core/tasks/generation/sentences.h"

namespace latformer {

struct PromptPlan {
  std::vector<int32_t> ids;         // that enter the first layer
  std::vector<uint32_t> positions;  // of each; empty: 0, 1, ...
  std::vector<uint32_t> counts;     // rows that leave each layer; empty: all
  bool is_whole = true;             // nothing is dropped
  double achieved = 1;              // speedup
  uint64_t macs = 0;
  std::optional<double> milliseconds{};  // predicted, if the model is calibrated
};

class PromptPlanner {
 public:
  // sentences: of the model's tokens.
  PromptPlanner(const DecoderFacts& facts, const Profile& profile, SentenceFinder sentences);

  // Of a prompt of at least one token. speedup: from 1 to profile().max_speedup; budget: instead of it, in
  // milliseconds, if there is a time model.
  PromptPlan plan(std::span<const int32_t> prompt, double speedup, std::optional<double> budget, PromptMode mode);

  void set_time_model(TimeModel model) { scheduler_.set_time_model(std::move(model)); }
  const std::optional<TimeModel>& time_model() const { return scheduler_.time_model(); }
  const Profile& profile() const { return scheduler_.profile(); }
  const Cost& cost() const { return scheduler_.cost(); }

 private:
  PromptPlan in_layers(std::span<const int32_t> prompt, double speedup, std::optional<double> budget);
  PromptPlan before_layers(std::span<const int32_t> prompt, double speedup, std::optional<double> budget,
                           PromptMode mode);
  double cost_of_whole(uint32_t tokens) const;  // milliseconds, or MACs

  Scheduler scheduler_;
  SentenceFinder sentences_;
};

}  // namespace latformer
