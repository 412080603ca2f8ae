#include "core/train/report/sweep.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <span>
#include <utility>

#include "core/elimination/schedule.h"
#include "core/train/data/random.h"
#include "core/train/data/sample.h"
#include "core/train/modules/bert_module.h"
#include "core/train/modules/guard.h"
#include "core/train/modules/model_folder.h"
#include "core/train/report/chart.h"
#include "core/train/report/confidence.h"
#include "core/train/report/engine.h"
#include "core/train/report/evaluate.h"
#include "core/train/report/metrics.h"

namespace latformer::train {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;
constexpr size_t kWarmUpTexts = 3;  // run before anything is measured

// What was seen of one model, of each speedup.
struct Seen {
  std::vector<std::vector<float>> logits;  // of each text
  double macs = 0;                         // sums over texts
  double milliseconds = 0;
};

Sweep sweep_of(const fs::path& model, const std::map<double, Seen>& seen, std::span<const Example> examples,
               ProblemType problem, bool timed) {
  std::vector<const std::vector<float>*> targets;
  for (const Example& example : examples) targets.push_back(&example.target);
  const auto count = static_cast<double>(examples.size());
  Sweep result{
      .model = folder_name(model), .metric = std::string(metric_name(problem)), .texts = examples.size(), .rows = {}};
  for (const auto& [speedup, at] : seen) {
    SweepRow row{.speedup = speedup, .metric = metric_of(at.logits, targets, problem), .milliseconds = {}};
    row.macs = at.macs / count;
    row.macs_ratio = seen.begin()->second.macs / at.macs;
    row.confidence_error = calibration_error(at.logits, targets, problem);
    if (timed) row.milliseconds = at.milliseconds / count;
    result.rows.push_back(row);
  }
  return result;
}

Result<std::map<double, Seen>> run_engine(const fs::path& model, std::span<const LabelledText> texts,
                                          const std::vector<double>& speedups, const SweepOptions& options) {
  LATFORMER_ASSIGN(Classifier engine, open_engine(model, options.threads));
  std::map<double, Seen> seen;
  for (const double speedup : speedups) {
    if (speedup <= engine.max_speedup()) seen[speedup];
  }
  std::vector<double> order;
  for (const auto& [speedup, at] : seen) order.push_back(speedup);
  Random random(options.seed, "order");
  for (const LabelledText& text : texts.first(std::min(texts.size(), kWarmUpTexts))) {
    const TextInput input = text_input(text);
    for (const double speedup : order) LATFORMER_TRY(engine.run({&input, 1}, {.speedup = speedup}).status());
  }
  for (const LabelledText& text : texts) {
    const TextInput input = text_input(text);
    random.shuffle(order);
    for (const double speedup : order) {
      const auto start = Clock::now();
      LATFORMER_ASSIGN(const std::vector<Classification> result, engine.run({&input, 1}, {.speedup = speedup}));
      Seen& at = seen[speedup];
      at.milliseconds += std::chrono::duration<double, std::milli>(Clock::now() - start).count();
      at.macs += static_cast<double>(result[0].windows[0].schedule.macs);
      at.logits.push_back(result[0].logits);
    }
  }
  return seen;
}

Result<std::map<double, Seen>> run_padded(const ModelFolder& model, std::span<const Example> examples,
                                          const std::vector<double>& speedups, size_t padded) {
  LATFORMER_ASSIGN(auto weights, model.weights(model.config, 0));
  const BertModule module(model.config, std::move(weights));
  const Profile profile = model.profile.value_or(default_profile(model.config.num_hidden_layers));
  Scheduler scheduler(cost_of(model.config), profile);
  const auto tokens = static_cast<uint32_t>(std::min<size_t>(padded, model.config.max_position_embeddings));
  std::map<double, Seen> seen;
  for (const double speedup : speedups) {
    if (speedup > profile.max_speedup) continue;
    const Schedule schedule = scheduler.solve(tokens, speedup);
    const auto counts = [&](uint32_t length) {
      std::vector<uint32_t> rows = schedule.counts;
      for (uint32_t& count : rows) count = std::min(count, length);
      return rows;
    };
    Seen& at = seen[speedup];
    at.macs = static_cast<double>(schedule.macs) * static_cast<double>(examples.size());
    LATFORMER_ASSIGN(at.logits, logits_of(module, examples, counts, profile.dropped, {}));
  }
  return seen;
}

std::string format(const char* pattern, auto... values) {
  char text[256];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

}  // namespace

Result<std::vector<Sweep>> sweep(const SweepOptions& options) {
  return guarded([&]() -> Result<std::vector<Sweep>> {
    std::vector<double> speedups = options.speedups;
    speedups.push_back(1);  // to which the others are compared
    std::vector<Sweep> sweeps;
    for (const fs::path& path : options.models) {
      LATFORMER_ASSIGN(const ModelFolder model, ModelFolder::open(path));
      if (!model.has_classifier) return unsupported_model(path.string() + ": has no classifier to measure");
      const SampleOptions drawn{.limit = options.limit, .max_tokens = options.padded.value_or(0), .seed = options.seed};
      LATFORMER_ASSIGN(const Sample sample,
                       draw_sample(options.data, options.columns, model.tokenizer, model.config, drawn));
      LATFORMER_ASSIGN(const auto seen, options.padded ? run_padded(model, sample.examples, speedups, *options.padded)
                                                       : run_engine(path, sample.texts, speedups, options));
      sweeps.push_back(sweep_of(path, seen, sample.examples, model.config.problem_type, !options.padded));
    }
    return sweeps;
  });
}

std::string to_table(const std::vector<Sweep>& sweeps) {
  std::string text;
  for (const Sweep& sweep : sweeps) {
    text += format("%s, %zu texts\n  speedup  %11s  MACs [M]  fewer  calibration error       ms  faster\n",
                   sweep.model.c_str(), sweep.texts, sweep.metric.c_str());
    for (const SweepRow& row : sweep.rows) {
      text += format("  %7g  %11.2f  %8.1f  %4.2fx  %17.3f", row.speedup, 100 * row.metric, row.macs / 1e6,
                     row.macs_ratio, row.confidence_error);
      if (row.milliseconds) {
        text += format("  %7.2f  %5.2fx", *row.milliseconds, *sweep.rows.front().milliseconds / *row.milliseconds);
      }
      text += "\n";
    }
  }
  return text;
}

std::string to_csv(const std::vector<Sweep>& sweeps) {
  std::string text = "model,texts,metric,speedup,value,macs,macs_ratio,calibration_error,milliseconds\n";
  for (const Sweep& sweep : sweeps) {
    for (const SweepRow& row : sweep.rows) {
      text += csv_field(sweep.model) + format(",%zu,%s,%g,%.6f,%.0f,%.4f,%.4f,", sweep.texts, sweep.metric.c_str(),
                                              row.speedup, row.metric, row.macs, row.macs_ratio, row.confidence_error);
      text += (row.milliseconds ? format("%.4f", *row.milliseconds) : std::string()) + "\n";
    }
  }
  return text;
}

std::string to_svg(const std::vector<Sweep>& sweeps) {
  Chart chart{.x_title = "speedup (times fewer multiply-accumulates)", .y_title = sweeps.front().metric + " in %"};
  for (const Sweep& sweep : sweeps) {
    Chart::Line line{.name = sweep.model, .points = {}};
    for (const SweepRow& row : sweep.rows) line.points.emplace_back(row.macs_ratio, 100 * row.metric);
    chart.lines.push_back(std::move(line));
  }
  return chart.svg();
}

}  // namespace latformer::train
