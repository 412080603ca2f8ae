#include "core/train/run/trainer.h"

#include <torch/nn/utils/clip_grad.h>
#include <torch/optim/adamw.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/train/data/random.h"
#include "core/train/modules/guard.h"
#include "core/train/modules/torch.h"
#include "core/train/report/evaluate.h"
#include "core/train/run/losses.h"

namespace latformer::train {
namespace {

// How many times the others' learning rate: scorers are linear and begin with nothing.
constexpr double kScorerRate = 100;

Status not_finite(uint64_t step, const char* what, const TrainOptions& options) {
  return invalid_argument(std::string("step ") + std::to_string(step + 1) + " (seed " + std::to_string(options.seed) +
                          "): the " + what + " is not finite; a lower learning rate may help");
}

// What this process does of a batch.
struct Share {
  std::vector<const TokenText*> texts;
  std::vector<const std::vector<float>*> targets;
  std::vector<float> larger;  // logits of a larger model, text behind text; none if there are none
  size_t tokens = 0;
  double weight = 0;  // of the mean over its texts in the mean over the batch
};

Share share_of(const Batch& batch, std::span<const Example> examples, const Peers& peers) {
  Share share;
  for (size_t i = static_cast<size_t>(peers.rank()); i < batch.size(); i += static_cast<size_t>(peers.size())) {
    const Example& example = examples[batch[i]];
    share.texts.push_back(&example.tokens);
    share.targets.push_back(&example.target);
    share.larger.insert(share.larger.end(), example.logits.begin(), example.logits.end());
    share.tokens += example.tokens.ids.size();
  }
  share.weight = static_cast<double>(share.texts.size()) / static_cast<double>(batch.size());
  return share;
}

// All weights that learn, whose gradients, and the report with them, become the sums over all processes. A weight that
// no process has a gradient of stays without one, so that AdamW does not count the step for it: to scorers, which the
// teacher stage passes over, elimination begins with their first step.
std::vector<torch::Tensor> join_gradients(Module& module, StepReport& report, const Peers& peers) {
  std::vector<torch::Tensor> weights;
  for (auto& [name, tensor] : module.weights()) {
    if (tensor.requires_grad()) weights.push_back(tensor);
  }
  if (peers.size() == 1) return weights;
  torch::Tensor numbers = torch::tensor({report.loss, report.distillation, static_cast<double>(report.tokens),
                                         static_cast<double>(report.stop), static_cast<double>(report.texts)},
                                        torch::kFloat);
  torch::Tensor learners = torch::zeros(static_cast<int64_t>(weights.size()));  // processes with a gradient of each
  std::vector<torch::Tensor> summed = {numbers, learners};
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i].grad().defined()) {
      learners[static_cast<int64_t>(i)] = 1;
    } else {
      weights[i].mutable_grad() = torch::zeros_like(weights[i]);
    }
    summed.push_back(weights[i].grad());
  }
  peers.sum(summed);
  for (size_t i = 0; i < weights.size(); ++i) {
    if (learners[static_cast<int64_t>(i)].item<float>() == 0) weights[i].mutable_grad().reset();
  }
  report.loss = numbers[0].item<double>();
  report.distillation = numbers[1].item<double>();
  report.tokens = static_cast<size_t>(numbers[2].item<double>());
  report.stop = numbers[3].item<double>() > 0;
  report.texts = static_cast<size_t>(numbers[4].item<double>());
  return weights;
}

}  // namespace

torch::optim::AdamW make_optimizer(Module& module, const TrainOptions& options) {
  std::vector<torch::Tensor> decayed, others, scorers;
  for (auto& [name, tensor] : module.weights()) {
    if (tensor.requires_grad()) (is_scorer(name) ? scorers : tensor.dim() > 1 ? decayed : others).push_back(tensor);
  }
  const auto with_decay = [&](double decay) {
    return std::make_unique<torch::optim::AdamWOptions>(
        torch::optim::AdamWOptions(options.teacher.learning_rate).weight_decay(decay));
  };
  std::vector<torch::optim::OptimizerParamGroup> groups;
  groups.emplace_back(decayed, with_decay(options.weight_decay));
  groups.emplace_back(others, with_decay(0));
  if (!scorers.empty()) groups.emplace_back(scorers, with_decay(0));
  return torch::optim::AdamW(groups, torch::optim::AdamWOptions());
}

Result<StepReport> run_step(uint64_t step, const Plan& plan, const TrainOptions& options,
                            std::span<const Example> examples, Scheduler& scheduler, Module& module,
                            torch::optim::AdamW& optimizer, const Peers& peers, bool stop) {
  return guarded([&]() -> Result<StepReport> {
    Random dropouts(options.seed, "dropout", step);
    torch::manual_seed(dropouts.next() + static_cast<uint64_t>(peers.rank()));  // of devices other than the CPU
    const bool eliminates = !plan.is_teacher(step);
    const Share share = share_of(plan.all[step].batch, examples, peers);
    StepReport report{.learning_rate = plan.learning_rate(step, options),
                      .full = plan.all[step].full && (!eliminates || options.sandwich),
                      .texts = share.texts.size(),
                      .tokens = share.tokens,
                      .stop = stop};
    std::vector<double> speedups;
    if (eliminates) speedups = plan.speedups(step, options);
    if (eliminates && !options.sandwich) speedups.resize(1);
    if (eliminates) report.speedup = speedups.front();
    for (auto& [name, weight] : module.weights()) weight.mutable_grad().reset();

    const ProblemType problem = module.config().problem_type;
    CappedSchedules capped(scheduler, options.sandwich ? options.min_rows : 0);
    const auto output_at = [&](double speedup, ForwardOptions with) {
      with.dropped = scheduler.profile().dropped;
      with.dropout = options.dropout;
      with.dropout_seed = dropouts.next() + static_cast<uint64_t>(peers.rank());
      const auto counts = [&](uint32_t tokens) { return capped.counts(tokens, speedup); };
      return module.forward(share.texts, counts_of(share.texts, counts), with);
    };
    const auto learn = [&](const torch::Tensor& loss) {
      (loss * share.weight).backward();
      return loss.item<double>() * share.weight;
    };
    // What every pass would learn if it were by itself.
    const auto task = [&](const torch::Tensor& logits) {
      if (share.larger.empty()) return task_loss(logits, share.targets, problem);
      return distillation_loss(logits, torch::tensor(share.larger).view(logits.sizes()).to(logits.device()), problem);
    };
    const bool of_rows = options.rows_weight > 0;
    const auto part = [&](const ForwardOutput& sub, const ForwardOutput* full) {
      const bool of_full = full != nullptr && options.distill;
      torch::Tensor loss =
          of_full && share.larger.empty() ? distillation_loss(sub.logits, full->logits, problem) : task(sub.logits);
      if (of_full && options.hidden_weight > 0)
        loss = loss + options.hidden_weight * hidden_loss(sub.hidden, full->hidden);
      if (of_full && of_rows) loss = loss + options.rows_weight * rows_loss(sub, *full);
      return loss;
    };

    if (!share.texts.empty()) {  // else there is nothing to add to the others' gradients
      const Module::CastOnce casts(module);
      std::optional<ForwardOutput> full;
      if (report.full) {
        const bool scores = eliminates && module.has_scorers();
        full = output_at(1, {.attribution = scores, .rows = eliminates && of_rows});
        report.loss = learn(task(full->logits));
        if (scores) {  // they have a graph of their own
          std::vector<torch::Tensor> attributions;
          for (const torch::Tensor& bias : full->biases) attributions.push_back(bias.grad());
          learn(importance_loss(full->scores, attributions));
        }
      }
      for (const double speedup : speedups) {
        const double loss = learn(part(output_at(speedup, {.rows = full && of_rows}), full ? &*full : nullptr));
        (options.sandwich ? report.distillation : report.loss) += loss;
      }
    }

    const std::vector<torch::Tensor> weights = join_gradients(module, report, peers);
    if (!std::isfinite(report.loss + report.distillation)) return not_finite(step, "loss", options);
    report.gradient_norm = torch::nn::utils::clip_grad_norm_(weights, options.clip);
    if (!std::isfinite(report.gradient_norm)) return not_finite(step, "gradient", options);
    for (auto& group : optimizer.param_groups()) group.options().set_lr(report.learning_rate);
    if (module.has_scorers()) optimizer.param_groups().back().options().set_lr(kScorerRate * report.learning_rate);
    optimizer.step();
    return report;
  });
}

}  // namespace latformer::train
