#include "core/train/run/make_profile.h"

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

Status fit_temperature(const Module& module, std::span<const Example> examples, MadeProfile& made) {
  Scheduler scheduler(module.config().cost, made.profile);
  LATFORMER_ASSIGN(std::vector<std::vector<float>> logits, logits_of(module, examples, scheduler, 1, kBatches));
  std::vector<const std::vector<float>*> targets;
  for (const Example& example : examples) targets.push_back(&example.target);
  const ProblemType problem = module.config().problem_type;
  made.temperature = temperature_of(logits, targets, problem);
  made.error_before = confidence_error(logits, targets, problem);
  for (std::vector<float>& of_text : logits) {
    for (float& logit : of_text) logit /= static_cast<float>(made.temperature);
  }
  made.error_after = confidence_error(logits, targets, problem);
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

Result<MadeProfile> make_profile(const MakeProfileOptions& options) {
  return guarded([&]() -> Result<MadeProfile> {
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
    MadeProfile made;
    made.acc = contributions_of(module, examples, kBatches);
    if (options.keep_profile) {
      made.profile = *model.profile;
    } else {
      made.profile.acc = made.acc;
      made.profile.retention = retention_of(options.shape, made.acc, options.r_min);
      made.profile.dropped = options.dropped;
      made.profile.max_speedup = options.max_speedup;
    }
    if (options.temperature) LATFORMER_TRY(fit_temperature(module, examples, made));
    if (options.target) {
      ExportOptions exporting = options.exporting;
      exporting.temperature = made.temperature;
      LATFORMER_TRY(export_model(model, model.config, module.weights(), made.profile, *options.target, exporting));
    }
    return made;
  });
}

std::string to_text(const MadeProfile& made, double r_min) {
  std::string text = row("ACC", made.acc);
  text += row("running minimum", retention_of(ProfileShape::running_minimum, made.acc, r_min));
  text += row("running product", retention_of(ProfileShape::running_product, made.acc, r_min));
  text += row("geometric", retention_of(ProfileShape::geometric, made.acc, r_min));
  text += row("linear", retention_of(ProfileShape::linear, made.acc, r_min));
  text += row("profile", made.profile.retention);
  if (made.temperature != 1) {
    char line[160];
    std::snprintf(line, sizeof line, "temperature %.3f: expected confidence error  %.3f -> %.3f\n", made.temperature,
                  made.error_before, made.error_after);
    text += line;
  }
  return text;
}

}  // namespace latformer::train
