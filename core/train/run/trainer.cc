#include "core/train/run/trainer.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "core/train/data/random.h"
#include "core/train/modules/guard.h"
#include "core/train/report/evaluate.h"
#include "core/train/run/learning_rate.h"
#include "core/train/run/losses.h"

namespace latformer::train {
namespace {

// How many times the others' learning rate: scorers are linear and begin with nothing.
constexpr double kScorerRate = 100;

// Appends the batches of `epochs` epochs, the last of which may be a part of one.
void add_epochs(std::span<const uint32_t> lengths, double epochs, const TrainOptions& options, uint64_t first_epoch,
                std::vector<Batch>& batches) {
  for (uint64_t epoch = 0; static_cast<double>(epoch) < epochs; ++epoch) {
    std::vector<Batch> all = training_batches(lengths, options.batches, options.seed, first_epoch + epoch);
    const double share = std::min(1.0, epochs - static_cast<double>(epoch));
    all.resize(static_cast<size_t>(std::ceil(share * static_cast<double>(all.size()))));
    batches.insert(batches.end(), all.begin(), all.end());
  }
}

Status not_finite(uint64_t step, const char* what, const TrainOptions& options) {
  return invalid_argument(std::string("step ") + std::to_string(step + 1) + " (seed " + std::to_string(options.seed) +
                          "): the " + what + " is not finite; a lower learning rate may help");
}

// What this process does of a batch.
struct Share {
  std::vector<const TokenText*> texts;
  std::vector<const std::vector<float>*> targets;
  size_t tokens = 0;
  double weight = 0;  // of the mean over its texts in the mean over the batch
};

Share share_of(const Batch& batch, std::span<const Example> examples, const Peers& peers) {
  Share share;
  for (size_t i = static_cast<size_t>(peers.rank()); i < batch.size(); i += static_cast<size_t>(peers.size())) {
    const Example& example = examples[batch[i]];
    share.texts.push_back(&example.tokens);
    share.targets.push_back(&example.target);
    share.tokens += example.tokens.ids.size();
  }
  share.weight = static_cast<double>(share.texts.size()) / static_cast<double>(batch.size());
  return share;
}

// All weights that learn, whose gradients, and the report with them, become the sums over all processes. A weight that
// no process has a gradient of stays without one, so that AdamW does not count the step for it: to scorers, which the
// teacher stage passes over, elimination begins with their first step.
std::vector<torch::Tensor> join_gradients(BertModule& module, StepReport& report, const Peers& peers) {
  std::vector<torch::Tensor> weights;
  for (auto& [name, tensor] : module.weights()) {
    if (tensor.requires_grad()) weights.push_back(tensor);
  }
  if (peers.size() == 1) return weights;
  torch::Tensor numbers = torch::tensor(
      {report.loss, report.distillation, static_cast<double>(report.tokens), static_cast<double>(report.stop)},
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
  return weights;
}

}  // namespace

Plan plan_of(std::span<const Example> examples, const TrainOptions& options) {
  std::vector<uint32_t> lengths;
  for (const Example& example : examples) lengths.push_back(static_cast<uint32_t>(example.tokens.ids.size()));
  Plan plan;
  add_epochs(lengths, options.teacher.epochs, options, 0, plan.batches);
  plan.teacher_steps = plan.batches.size();
  const auto next_epoch = static_cast<uint64_t>(std::ceil(options.teacher.epochs));
  add_epochs(lengths, options.elimination.epochs, options, next_epoch, plan.batches);
  return plan;
}

double Plan::learning_rate(uint64_t step, const TrainOptions& options) const {
  if (is_teacher(step)) {
    return train::learning_rate(options.teacher.learning_rate, step, teacher_steps, options.warm_up);
  }
  return train::learning_rate(options.elimination.learning_rate, step - teacher_steps, steps() - teacher_steps,
                              options.warm_up);
}

double Plan::target_speedup(uint64_t step, const TrainOptions& options) const {
  const double ramp_steps = options.ramp * static_cast<double>(steps() - teacher_steps);
  const double share = std::min(1.0, static_cast<double>(step - teacher_steps + 1) / std::max(1.0, ramp_steps));
  return std::pow(options.target_speedup, share);
}

torch::optim::AdamW make_optimizer(BertModule& module, const TrainOptions& options) {
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
                            std::span<const Example> examples, Scheduler& scheduler, BertModule& module,
                            torch::optim::AdamW& optimizer, const Peers& peers, bool stop) {
  return guarded([&]() -> Result<StepReport> {
    Random dropouts(options.seed, "dropout", step);
    torch::manual_seed(dropouts.next() + static_cast<uint64_t>(peers.rank()));  // of devices other than the CPU
    const Share share = share_of(plan.batches[step], examples, peers);
    StepReport report{.learning_rate = plan.learning_rate(step, options), .tokens = share.tokens, .stop = stop};
    const bool eliminates = !plan.is_teacher(step);
    if (eliminates) report.speedup = plan.target_speedup(step, options);
    optimizer.zero_grad();

    const ProblemType problem = module.config().problem_type;
    const ForwardOptions forward{.dropped = scheduler.profile().dropped, .dropout = options.dropout};
    const auto output_at = [&](double speedup, bool attribution = false) {
      ForwardOptions with = forward;
      with.attribution = attribution;
      with.dropout_seed = dropouts.next() + static_cast<uint64_t>(peers.rank());
      return module.forward(share.texts, counts_of(share.texts, counts_at(scheduler, speedup)), with);
    };
    const auto learn = [&](const torch::Tensor& loss) {
      (loss * share.weight).backward();
      return loss.item<double>() * share.weight;
    };
    if (share.texts.empty()) {
      // Nothing to add to the others' gradients.
    } else if (!eliminates || options.sandwich) {
      const bool scores = eliminates && module.has_scorers();
      const ForwardOutput full = output_at(1, scores);
      report.loss = learn(task_loss(full.logits, share.targets, problem));
      if (scores) {  // they have a graph of their own
        std::vector<torch::Tensor> attributions;
        for (const torch::Tensor& bias : full.biases) attributions.push_back(bias.grad());
        learn(importance_loss(full.scores, attributions));
      }
      const double random = std::pow(report.speedup, Random(options.seed, "speedup", step).uniform());
      for (const double speedup : eliminates ? std::vector{report.speedup, random} : std::vector<double>()) {
        const ForwardOutput sub = output_at(speedup);
        report.distillation += learn(options.distill ? distillation_loss(sub.logits, full.logits, problem) +
                                                           options.hidden_weight * hidden_loss(sub.hidden, full.hidden)
                                                     : task_loss(sub.logits, share.targets, problem));
      }
    } else {
      report.loss = learn(task_loss(output_at(report.speedup).logits, share.targets, problem));
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
