// Which texts each step of a run sees, at which learning rate and at which speeds.
//
//   teacher stage       ordinary batches, in full
//   elimination stage   every `full_every`-th step is a full one: the full model runs its batch, and the pruned ones
//   too.
//                       The others are pruned passes alone, over batches `pruned_batch` times as large: few rows are
//                       left in the later layers, and thin products are slow ones. In an epoch each text passes once.
//   speeds of a step    two of them, log-uniform in 1 .. top, one from each half of that range;
//                       top = (reach * target speedup)^min(1, step / ramp), in hundredths
//   of a text           no speed drops so much in layer 1 that fewer than `min_rows` rows are left: from a text of
//   which
//                       [CLS] and the rest row alone are left, there is nothing to learn but what the rest row does
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "core/elimination/schedule.h"
#include "core/train/data/batches.h"
#include "core/train/data/examples.h"

namespace latformer::train {

struct StageOptions {
  double epochs = 3;
  double learning_rate = 5e-5;
};

struct PlanOptions {
  StageOptions teacher;
  StageOptions elimination;
  BatchLimits batches;
  double warm_up = 0.06;  // share of a stage's steps
  double target_speedup = 6;
  double reach = 1.15;       // how far beyond the target speeds are drawn
  bool target_pass = false;  // one of the two speeds is always the target's, without `reach`
  double ramp = 0.2;         // share of the elimination stage's steps until the top is reached
  uint32_t min_rows = 4;
  uint32_t full_every = 1;
  uint32_t pruned_batch = 1;
  uint64_t seed = 1;
};

struct PlannedStep {
  Batch batch;
  bool full = true;  // the full model runs it
};

struct Plan {
  std::vector<PlannedStep> all;  // of the teacher stage, then of the elimination stage
  uint64_t teacher_steps = 0;
  std::vector<uint64_t> epoch_ends;  // steps done when an epoch is, ascending; the last is steps()

  uint64_t steps() const { return all.size(); }
  bool is_teacher(uint64_t step) const { return step < teacher_steps; }
  double learning_rate(uint64_t step, const PlanOptions& options) const;
  double top_speedup(uint64_t step, const PlanOptions& options) const;  // of an elimination step
  std::vector<double> speedups(uint64_t step, const PlanOptions& options) const;
};

Plan plan_of(std::span<const Example> examples, const PlanOptions& options);

// Rows that are to leave each layer at a speedup, `min_rows` of them at least the first one (all of a shorter text).
class CappedSchedules {
 public:
  CappedSchedules(Scheduler& scheduler, uint32_t min_rows) : scheduler_(scheduler), min_rows_(min_rows) {}
  std::vector<uint32_t> counts(uint32_t tokens, double speedup);

 private:
  double largest_coefficient(uint32_t tokens);

  Scheduler& scheduler_;
  uint32_t min_rows_;
  std::map<uint32_t, double> largest_;  // coefficient, by tokens
};

}  // namespace latformer::train
