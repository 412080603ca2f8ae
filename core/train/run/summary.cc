#include "core/train/run/summary.h"

#include <sys/resource.h>
#include <torch/optim/adamw.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <system_error>

#include "core/format/quote.h"
#include "core/train/modules/torch.h"
#include "core/train/run/trainer.h"

namespace latformer::train {
namespace fs = std::filesystem;
namespace {

constexpr size_t kClassesShown = 20;
constexpr size_t kStepsTimed = 3;  // of each kind, after one to warm up

std::string format(const char* pattern, auto... values) {
  char text[256];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

std::string gigabytes(double bytes) { return format("%.2f GB", bytes / 1e9); }

std::string hours(double seconds) {
  const auto minutes = static_cast<long>(seconds / 60 + 0.5);
  return format("%ld:%02ld h", minutes / 60, minutes % 60);
}

struct Kind {
  const char* name;
  std::vector<uint64_t> steps;  // of the plan
};

std::array<Kind, 3> kinds_of(const Plan& plan) {
  std::array<Kind, 3> kinds = {
      {{"teacher", {}}, {"elimination, full and pruned", {}}, {"elimination, pruned alone", {}}}};
  for (uint64_t step = 0; step < plan.steps(); ++step) {
    kinds[plan.is_teacher(step) ? 0 : plan.all[step].full ? 1 : 2].steps.push_back(step);
  }
  return kinds;
}

size_t texts_in(const Plan& plan, const std::vector<uint64_t>& steps) {
  size_t texts = 0;
  for (const uint64_t step : steps) texts += plan.all[step].batch.size();
  return texts;
}

}  // namespace

Needs needs_of(const Module& module, const FinetuneOptions& options, const RunData& data, const Plan& plan) {
  constexpr double kFloat = 4;
  double weights = 0, learning = 0, widest = 0;
  for (const auto& [name, tensor] : module.weights()) {
    const auto size = static_cast<double>(tensor.numel());
    weights += size;
    if (tensor.requires_grad()) learning += size;
    if (!name.starts_with("embeddings.") && tensor.dim() == 2) widest += static_cast<double>(tensor.size(0));
  }
  size_t longest = 0;
  double rows = 0;  // of the largest batch that the full model runs
  for (const PlannedStep& step : plan.all) {
    for (const uint32_t text : step.batch) longest = std::max(longest, data.training[text].tokens.ids.size());
    if (!step.full) continue;
    double tokens = 0;
    for (const uint32_t text : step.batch) tokens += static_cast<double>(data.training[text].tokens.ids.size());
    rows = std::max(rows, tokens);
  }
  Needs needs;
  const double checkpoint = kFloat * (weights + 2 * learning);
  needs.work = 2 * checkpoint + (options.dev.empty() ? 0 : 2 * kFloat * weights);  // the old one beside the new one
  needs.target = (options.exporting.dtype == DType::f16 ? 2 : kFloat) * weights;
  // Weights, gradients, two moments; of each layer about twice what its products give, kept for going backward.
  needs.memory = kFloat * (weights + 3 * learning) + 2 * kFloat * rows * widest;
  return needs;
}

std::string summary_of(const FinetuneOptions& options, const RunData& data, const Module& module, const Plan& plan,
                       const Needs& needs) {
  const ProblemType problem = module.config().problem_type;
  std::string text = format("texts: %zu to learn from, %zu held out", data.training.size(), data.held_out.size());
  if (!data.dev.empty()) text += format(", %zu of --dev", data.dev.size());
  if (data.truncated > 0) text += format("; %zu cut to %zu tokens", data.truncated, options.max_tokens);
  if (data.too_short > 0) text += format("; %zu shorter than %zu tokens left out", data.too_short, options.min_tokens);
  text += "\n";
  if (problem == ProblemType::regression) {
    text += "labels: numbers\n";
  } else if (problem == ProblemType::embedding) {
    text += "they learn from: the model's own vectors, in full\n";
  } else {
    text += format("classes: %zu;", data.classes.counts.size());
    for (size_t i = 0; i < std::min(kClassesShown, data.classes.counts.size()); ++i) {
      const auto& [label, count] = data.classes.counts[i];
      text += (i > 0 ? ", " : " ") + quote(label) + " " + std::to_string(count);
    }
    text += data.classes.counts.size() > kClassesShown ? ", ...\n" : "\n";
    for (const std::string& warning : data.classes.warnings) text += "warning: " + warning + "\n";
  }
  if (!options.columns.logits.empty()) text += "they learn from: the logits of a larger model\n";
  for (const Kind& kind : kinds_of(plan)) {
    if (kind.steps.empty()) continue;
    text += format("%s: %zu steps of %.1f texts on average\n", kind.name, kind.steps.size(),
                   static_cast<double>(texts_in(plan, kind.steps)) / static_cast<double>(kind.steps.size()));
  }
  double weights = 0, learning = 0;
  for (const auto& [name, tensor] : module.weights()) {
    weights += static_cast<double>(tensor.numel());
    if (tensor.requires_grad()) learning += static_cast<double>(tensor.numel());
  }
  text += format("model: %u layers, %.1f M weights of which %.1f M learn; products in %s on %d threads\n",
                 module.config().cost.num_layers, weights / 1e6, learning / 1e6,
                 module.compute_type() == torch::kBFloat16 ? "bf16" : "f32", torch::get_num_threads());
  return text + "needed: about " + gigabytes(needs.memory) + " of memory; on disk " + gigabytes(needs.work) +
         " in WORK and " + gigabytes(needs.target) + " in TARGET\n";
}

Result<std::string> pace_of(const FinetuneOptions& options, const RunData& data, Scheduler& scheduler, Module& module,
                            const Plan& plan) {
  torch::optim::AdamW optimizer = make_optimizer(module, options.train);
  const Peers alone;
  std::string text;
  double whole = 0;
  std::array<double, 2> stage_seconds = {}, stage_steps = {}, stage_texts = {};
  const std::array<Kind, 3> kinds = kinds_of(plan);
  for (size_t i = 0; i < kinds.size(); ++i) {
    const std::vector<uint64_t>& steps = kinds[i].steps;
    if (steps.empty()) continue;
    double seconds = 0;
    for (size_t trial = 0; trial <= kStepsTimed; ++trial) {
      // From the second half of the stage, behind the ramp.
      const uint64_t step = steps[steps.size() / 2 + trial * (steps.size() - steps.size() / 2 - 1) / kStepsTimed];
      const auto start = std::chrono::steady_clock::now();
      const auto report =
          run_step(step, plan, options.train, data.training, scheduler, module, optimizer, alone, false);
      if (!report.ok()) return report.status();
      if (trial > 0) seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    }
    seconds *= static_cast<double>(steps.size()) / static_cast<double>(kStepsTimed);
    whole += seconds;
    const size_t stage = i == 0 ? 0 : 1;
    stage_seconds[stage] += seconds;
    stage_steps[stage] += static_cast<double>(steps.size());
    stage_texts[stage] += static_cast<double>(texts_in(plan, steps));
    text += format("%s: %.2f s a step\n", kinds[i].name, seconds / static_cast<double>(steps.size()));
  }
  for (size_t stage = 0; stage < 2; ++stage) {
    if (stage_seconds[stage] == 0) continue;
    text += format("%s stage: %.0f steps an hour, %.0f texts an hour, %s\n", stage == 0 ? "teacher" : "elimination",
                   3600 * stage_steps[stage] / stage_seconds[stage], 3600 * stage_texts[stage] / stage_seconds[stage],
                   hours(stage_seconds[stage]).c_str());
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return text + format("all: %s; memory so far %.2f GB\n", hours(whole).c_str(),
                       static_cast<double>(usage.ru_maxrss) * 1024 / 1e9);
}

Status check_space(const fs::path& path, double bytes) {
  fs::path existing = fs::absolute(path);
  while (!fs::exists(existing) && existing.has_relative_path()) existing = existing.parent_path();
  std::error_code error;
  const fs::space_info space = fs::space(existing, error);
  if (error || static_cast<double>(space.available) >= bytes) return {};
  return invalid_argument(path.string() + ": " + gigabytes(bytes) + " are needed there, but only " +
                          gigabytes(static_cast<double>(space.available)) + " are free");
}

}  // namespace latformer::train
