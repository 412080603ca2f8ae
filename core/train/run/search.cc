#include "core/train/run/search.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "core/models/bert/cost.h"
#include "core/train/data/random.h"
#include "core/train/data/sample.h"
#include "core/train/modules/bert_module.h"
#include "core/train/modules/guard.h"
#include "core/train/modules/torch.h"
#include "core/train/report/evaluate.h"
#include "core/train/run/losses.h"

namespace latformer::train {
namespace {

constexpr BatchLimits kBatches{.max_tokens = 8192, .max_texts = 64};
constexpr double kSum = 3;  // of all d: r_L = exp(-3)
constexpr double kLeast = 1e-3;
constexpr size_t kTellEvery = 10;  // trials

// d of a retention; the last layer keeps [CLS] whatever its retention says, so it has none.
std::vector<double> steps_of(const std::vector<double>& retention) {
  std::vector<double> steps;
  double before = 1;
  for (size_t layer = 0; layer + 1 < retention.size(); ++layer) {
    steps.push_back(std::max(kLeast, std::log(before / retention[layer])));
    before = retention[layer];
  }
  return steps;
}

std::vector<double> retention_of_steps(const std::vector<double>& steps) {
  double sum = 0, done = 0;
  for (const double step : steps) sum += step;
  std::vector<double> retention;
  for (const double step : steps) retention.push_back(std::exp(-(done += step * kSum / sum)));
  retention.push_back(retention.back());
  return retention;
}

torch::Tensor as_tensor(const std::vector<std::vector<float>>& logits) {
  std::vector<float> flat;
  for (const auto& of_text : logits) flat.insert(flat.end(), of_text.begin(), of_text.end());
  const auto texts = static_cast<int64_t>(logits.size());
  return torch::tensor(flat).view({texts, static_cast<int64_t>(flat.size()) / texts});
}

std::string text_of(size_t trial, double loss, const std::vector<double>& retention) {
  char number[48];
  std::snprintf(number, sizeof number, "trial %zu: loss %.5f  retention", trial, loss);
  std::string text = number;
  for (const double value : retention) {
    std::snprintf(number, sizeof number, " %.3f", value);
    text += number;
  }
  return text;
}

}  // namespace

Result<Search> search(const SearchOptions& options, const std::function<void(const std::string&)>& tell) {
  return guarded([&]() -> Result<Search> {
    LATFORMER_ASSIGN(const ModelFolder model, ModelFolder::open(options.model));
    if (!model.has_classifier) return unsupported_model(options.model.string() + ": has no classifier yet");
    if (model.config.num_hidden_layers < 2) return unsupported_model("a single layer has nothing to drop");
    const ProblemType problem = model.config.problem_type;
    LATFORMER_TRY(can_export(model, model.config, options.target, options.exporting));
    const SampleOptions drawn{.limit = options.limit, .max_tokens = options.max_tokens, .seed = options.seed};
    LATFORMER_ASSIGN(const Sample sample,
                     draw_sample(options.data, options.columns, model.tokenizer, model.config, drawn));
    const std::vector<Example>& examples = sample.examples;
    LATFORMER_ASSIGN(auto weights, model.weights(model.config, 0));
    const BertModule module(model.config, std::move(weights));

    Profile profile = model.profile.value_or(default_profile(model.config.num_hidden_layers));
    const Cost cost = cost_of(model.config);
    const auto logits_at = [&](const std::vector<double>& retention, double speedup) -> Result<torch::Tensor> {
      Profile tried = profile;
      tried.retention = retention;
      Scheduler scheduler(cost, tried);
      LATFORMER_ASSIGN(const auto logits, logits_of(module, examples, scheduler, speedup, kBatches));
      return as_tensor(logits);
    };
    LATFORMER_ASSIGN(const torch::Tensor full, logits_at(profile.retention, 1));
    const auto loss_of = [&](const std::vector<double>& retention) -> Result<double> {
      double sum = 0;
      for (const double speedup : options.speedups) {
        LATFORMER_ASSIGN(const torch::Tensor pruned, logits_at(retention, speedup));
        sum += distillation_loss(pruned, full, problem).item<double>();
      }
      return sum / static_cast<double>(options.speedups.size());
    };

    Search found;
    found.before = found.after = profile.retention;
    LATFORMER_ASSIGN(found.loss_before, loss_of(profile.retention));
    found.loss_after = found.loss_before;
    tell(text_of(0, found.loss_before, found.before));
    std::vector<double> steps = steps_of(profile.retention);
    Random random(options.seed, "search");
    double sigma = 0.5;
    size_t best = 0;
    for (size_t trial = 1; trial <= options.trials; ++trial) {
      std::vector<double> tried = steps;
      for (double& step : tried) step = std::max(kLeast, step * std::exp(sigma * random.normal()));
      const std::vector<double> retention = retention_of_steps(tried);
      LATFORMER_ASSIGN(const double loss, loss_of(retention));
      const bool gain = loss < found.loss_after;
      sigma = std::clamp(sigma * (gain ? 1.5 : std::pow(1.5, -0.25)), 0.02, 1.0);
      if (!gain) {
        if (trial % kTellEvery == 0) {
          tell("trial " + std::to_string(trial) + " of " + std::to_string(options.trials) +
               ": none better since trial " + std::to_string(best));
        }
        continue;
      }
      best = trial;
      found.loss_after = loss;
      found.after = retention;
      steps = std::move(tried);
      tell(text_of(trial, loss, retention));
    }
    profile.retention = found.after;
    profile.is_default = false;
    LATFORMER_TRY(export_model(model, model.config, module.weights(), profile, options.target, options.exporting));
    return found;
  });
}

}  // namespace latformer::train
