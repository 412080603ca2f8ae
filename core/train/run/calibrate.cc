#include "core/train/run/calibrate.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "core/train/data/sample.h"
#include "core/train/modules/bert_module.h"
#include "core/train/modules/guard.h"
#include "core/train/report/confidence.h"
#include "core/train/report/evaluate.h"

namespace latformer::train {
namespace {

constexpr BatchLimits kBatches{.max_tokens = 8192, .max_texts = 64};

Status fit_temperature(const Module& module, std::span<const Example> examples, Calibration& calibration) {
  Scheduler scheduler(module.config().cost, calibration.profile);
  LATFORMER_ASSIGN(std::vector<std::vector<float>> logits, logits_of(module, examples, scheduler, 1, kBatches));
  std::vector<const std::vector<float>*> targets;
  for (const Example& example : examples) targets.push_back(&example.target);
  const ProblemType problem = module.config().problem_type;
  calibration.temperature = temperature_of(logits, targets, problem);
  calibration.error_before = calibration_error(logits, targets, problem);
  for (std::vector<float>& of_text : logits) {
    for (float& logit : of_text) logit /= static_cast<float>(calibration.temperature);
  }
  calibration.error_after = calibration_error(logits, targets, problem);
  return {};
}

std::string row(const char* name, const std::vector<double>& values) {
  char text[32];
  std::snprintf(text, sizeof text, "%-18s", name);
  std::string line = text;
  for (const double value : values) {
    std::snprintf(text, sizeof text, " %6.3f", value);
    line += text;
  }
  return line + "\n";
}

}  // namespace

Result<Calibration> calibrate(const CalibrateOptions& options) {
  return guarded([&]() -> Result<Calibration> {
    LATFORMER_ASSIGN(const ModelFolder model, ModelFolder::open(options.model));
    if (!model.has_classifier) return unsupported_model(options.model.string() + ": has no classifier yet");
    if (options.keep_profile && !model.profile) {
      return invalid_argument(options.model.string() + ": has no profile.json to keep");
    }
    const ProblemType problem = model.config.problem_type;
    if (options.temperature && problem == ProblemType::regression) {
      return invalid_argument("a regression has no scores whose temperature could be found");
    }
    if (options.target) LATFORMER_TRY(can_export(model, model.config, *options.target, options.exporting));
    const SampleOptions drawn{.limit = options.limit, .max_tokens = options.max_tokens, .seed = options.seed};
    LATFORMER_ASSIGN(const Sample sample,
                     draw_sample(options.data, options.columns, model.tokenizer, model.config, drawn));
    const std::vector<Example>& examples = sample.examples;

    LATFORMER_ASSIGN(auto weights, model.weights(model.config, 0));
    const BertModule module(model.config, std::move(weights));
    Calibration calibration;
    calibration.acc = contributions_of(module, examples, kBatches);
    if (options.keep_profile) {
      calibration.profile = *model.profile;
    } else {
      calibration.profile.acc = calibration.acc;
      calibration.profile.retention = retention_of(options.shape, calibration.acc, options.r_min);
      calibration.profile.dropped = options.dropped;
      calibration.profile.max_speedup = options.max_speedup;
    }
    if (options.temperature) LATFORMER_TRY(fit_temperature(module, examples, calibration));
    if (options.target) {
      ExportOptions exporting = options.exporting;
      exporting.temperature = calibration.temperature;
      LATFORMER_TRY(
          export_model(model, model.config, module.weights(), calibration.profile, *options.target, exporting));
    }
    return calibration;
  });
}

std::string to_text(const Calibration& calibration, double r_min) {
  std::string text = row("ACC", calibration.acc);
  text += row("running minimum", retention_of(ProfileShape::running_minimum, calibration.acc, r_min));
  text += row("running product", retention_of(ProfileShape::running_product, calibration.acc, r_min));
  text += row("geometric", retention_of(ProfileShape::geometric, calibration.acc, r_min));
  text += row("linear", retention_of(ProfileShape::linear, calibration.acc, r_min));
  text += row("profile", calibration.profile.retention);
  if (calibration.temperature != 1) {
    char line[160];
    std::snprintf(line, sizeof line, "temperature %.3f: expected calibration error %.3f -> %.3f\n",
                  calibration.temperature, calibration.error_before, calibration.error_after);
    text += line;
  }
  return text;
}

}  // namespace latformer::train
