// One step of training, and what all steps are made of. Which texts and speeds a step has, plan.h says.
//
//   teacher:      loss = task(full)
//   elimination:  loss = task(full) + importance(full) + part(sub_1) + part(sub_2)                  the sandwich
//                 part(sub) = distillation(sub, full) + w |h_sub - h_full|^2 / d + v rows(sub, full)
//                 h (d): the row that is read, after the last layer; rows: what is kept, after every inner layer
//                 without distillation part(sub) = task(sub); without the sandwich loss = task(sub) at the target
//                 speedup alone, as in the paper importance(full), which scorers alone learn from, if the model has any
//   of a larger model's logits (Example::logits):  task(x) = distillation(x, larger), and the pruned ones learn from
//                 them instead of from the full one; a step that is no full one has these parts alone
//
// Each part goes backward by itself, so that one graph is in memory at a time. AdamW, gradients clipped to a norm.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/elimination/schedule.h"
#include "core/train/data/examples.h"
#include "core/train/modules/module.h"
#include "core/train/run/peers.h"
#include "core/train/run/plan.h"

namespace torch::optim {
class AdamW;
}

namespace latformer::train {

struct TrainOptions : PlanOptions {
  double weight_decay = 0.01;
  double clip = 1;
  double dropout = 0.1;
  bool sandwich = true;
  bool distill = true;
  double hidden_weight = 0;  // w
  double rows_weight = 0;    // v
};

// Of the weights that learn; no decay on biases, LayerNorms and scorers; these are the last group,
// if there are any.
torch::optim::AdamW make_optimizer(Module& module, const TrainOptions& options);

struct StepReport {
  double loss = 0;          // of the task, by the full model (without the sandwich: by the pruned one)
  double distillation = 0;  // of the pruned ones
  double gradient_norm = 0;
  double learning_rate = 0;
  double speedup = 1;  // the higher one of its pruned passes
  bool full = true;    // the full model ran
  size_t texts = 0, tokens = 0;
  bool stop = false;  // one of the processes was asked to stop
};

// Step `step` of the plan, of which this process runs the share of its rank; the report is of all together. `scheduler`
// is not read by teacher steps but for full counts. Errors: invalid_argument when the loss or the gradient is not
// finite; the weights are then as they were before.
Result<StepReport> run_step(uint64_t step, const Plan& plan, const TrainOptions& options,
                            std::span<const Example> examples, Scheduler& scheduler, Module& module,
                            torch::optim::AdamW& optimizer, const Peers& peers, bool stop);

}  // namespace latformer::train
