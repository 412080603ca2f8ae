// One step of training, and what all steps are made of.
//
//   teacher:      loss = task(full)
//   elimination:  loss = task(full) + importance(full) + part(sub_k) + part(sub_r)                  the sandwich
//                 part(sub) = distillation(sub, full) + w |h_sub - h_full|^2 / d,  h (d): [CLS] after the last layer
//                 k: the target speedup, reached in a ramp;  r: drawn from 1 .. k, evenly in its logarithm
//                 without distillation part(sub) = task(sub); without the sandwich loss = task(sub_k) alone, as in the
//                 paper
//                 importance(full), which scorers alone learn from, if the model has any
//
// Each part goes backward by itself, so that one graph is in memory at a time. AdamW, gradients clipped to a norm.
#pragma once

#include <torch/optim/adamw.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/elimination/schedule.h"
#include "core/train/data/batches.h"
#include "core/train/data/examples.h"
#include "core/train/modules/bert_module.h"
#include "core/train/run/peers.h"

namespace latformer::train {

struct StageOptions {
  double epochs = 3;
  double learning_rate = 5e-5;
};

struct TrainOptions {
  StageOptions teacher;
  StageOptions elimination;
  BatchLimits batches;
  double warm_up = 0.06;  // share of a stage's steps
  double weight_decay = 0.01;
  double clip = 1;
  double dropout = 0.1;
  double target_speedup = 6;
  double ramp = 0.2;  // share of the elimination stage's steps until the target is reached
  bool sandwich = true;
  bool distill = true;
  double hidden_weight = 0;  // w
  uint64_t seed = 1;
};

// Which batch each step runs, and at which learning rate.
struct Plan {
  std::vector<Batch> batches;  // of the teacher stage, then of the elimination stage
  uint64_t teacher_steps = 0;

  uint64_t steps() const { return batches.size(); }
  bool is_teacher(uint64_t step) const { return step < teacher_steps; }
  double learning_rate(uint64_t step, const TrainOptions& options) const;
  double target_speedup(uint64_t step, const TrainOptions& options) const;  // of an elimination step: on the ramp
};

Plan plan_of(std::span<const Example> examples, const TrainOptions& options);

// Of the weights that learn; no decay on biases, LayerNorms and scorers; these are the last group,
// if there are any.
torch::optim::AdamW make_optimizer(BertModule& module, const TrainOptions& options);

struct StepReport {
  double loss = 0;          // of the task, by the full model (without the sandwich: by the pruned one)
  double distillation = 0;  // of the pruned ones
  double gradient_norm = 0;
  double learning_rate = 0;
  double speedup = 1;
  size_t tokens = 0;
  bool stop = false;  // one of the processes was asked to stop
};

// Step `step` of the plan, of which this process runs the share of its rank; the report is of all together. `scheduler`
// is not read by teacher steps but for full counts. Errors: invalid_argument when the loss or the gradient is not
// finite; the weights are then as they were before.
Result<StepReport> run_step(uint64_t step, const Plan& plan, const TrainOptions& options,
                            std::span<const Example> examples, Scheduler& scheduler, BertModule& module,
                            torch::optim::AdamW& optimizer, const Peers& peers, bool stop);

}  // namespace latformer::train
