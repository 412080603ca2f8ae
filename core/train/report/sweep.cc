#include "core/train/report/sweep.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <span>
#include <utility>

#include "core/base/number_text.h"
#include "core/elimination/schedule.h"
#include "core/models/bert/cost.h"
#include "core/train/data/random.h"
#include "core/train/data/sample.h"
#include "core/train/modules/bert_module.h"
#include "core/train/modules/guard.h"
#include "core/train/modules/model_folder.h"
#include "core/train/report/chart.h"
#include "core/train/report/classifier.h"
#include "core/train/report/confidence.h"
#include "core/train/report/evaluate.h"
#include "core/train/report/metrics.h"

namespace latformer::train {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;
constexpr const char* kUnpadded = "unpadded";
constexpr size_t kWarmUpTexts = 3;  // run before anything is measured

// What was seen of one model, of each speedup.
struct Seen {
  std::vector<std::vector<float>> logits;  // of each text
  double macs = 0;                         // sums over texts
  double milliseconds = 0;
};

Sweep sweep_of(const fs::path& model, const std::string& counting, const std::map<double, Seen>& seen,
               std::span<const Example> examples, ProblemType problem) {
  const bool timed = counting == kUnpadded;
  std::vector<const std::vector<float>*> targets;
  for (const Example& example : examples) targets.push_back(&example.target);
  const auto count = static_cast<double>(examples.size());
  Sweep result{.model = folder_name(model),
               .metric = std::string(metric_name(problem)),
               .counting = counting,
               .texts = examples.size(),
               .rows = {}};
  for (const auto& [speedup, at] : seen) {
    SweepRow row{.speedup = speedup,
                 .metric = metric_of(at.logits, targets, problem),
                 .interval = interval_of(at.logits, targets, problem),
                 .agreement = {},
                 .milliseconds = {}};
    if (problem == ProblemType::single_label) row.agreement = agreement_of(at.logits, targets);
    row.macs = at.macs / count;
    row.macs_ratio = seen.begin()->second.macs / at.macs;
    row.confidence_error = confidence_error(at.logits, targets, problem);
    if (timed) row.milliseconds = at.milliseconds / count;
    result.rows.push_back(row);
  }
  return result;
}

Result<std::map<double, Seen>> run_classifier(const fs::path& model, std::span<const LabelledText> texts,
                                              const std::vector<double>& speedups, const SweepOptions& options) {
  LATFORMER_ASSIGN(Classifier classifier, open_classifier(model, options.threads));
  std::map<double, Seen> seen;
  for (const double speedup : speedups) seen[speedup];
  std::vector<double> order;
  for (const auto& [speedup, at] : seen) order.push_back(speedup);
  Random random(options.seed, "order");
  for (const LabelledText& text : texts.first(std::min(texts.size(), kWarmUpTexts))) {
    const TextInput input = text_input(text);
    for (const double speedup : order) LATFORMER_TRY(classifier.run({&input, 1}, {.speedup = speedup}).status());
  }
  for (const LabelledText& text : texts) {
    const TextInput input = text_input(text);
    random.shuffle(order);
    for (const double speedup : order) {
      const auto start = Clock::now();
      LATFORMER_ASSIGN(const std::vector<Classification> result, classifier.run({&input, 1}, {.speedup = speedup}));
      Seen& at = seen[speedup];
      at.milliseconds += std::chrono::duration<double, std::milli>(Clock::now() - start).count();
      at.macs += static_cast<double>(result[0].windows[0].schedule.macs);
      at.logits.push_back(result[0].logits);
    }
  }
  return seen;
}

// The speedups of one model: those asked for, all of which it must be made for, or the usual ones up to its own.
Result<std::vector<double>> speedups_of(const ModelFolder& model, const std::vector<double>& asked) {
  const double most = model.profile ? model.profile->max_speedup : default_profile(1).max_speedup;
  std::vector<double> speedups = {1};  // to which the others are compared
  for (const double speedup : kUsualSpeedups) {
    if (asked.empty() && speedup <= most) speedups.push_back(speedup);
  }
  for (const double speedup : asked) {
    if (speedup > most) {
      return invalid_argument("--speedups: " + short_text(speedup) + " is beyond " + short_text(most) + ", which " +
                              model.path.string() + " was made for");
    }
    speedups.push_back(speedup);
  }
  return speedups;
}

// Both ways of counting padding (sweep.h).
struct Padded {
  std::map<double, Seen> fixed, by_length;
};

Result<Padded> run_padded(const ModelFolder& model, std::span<const Example> examples,
                          const std::vector<double>& speedups, size_t padded) {
  LATFORMER_ASSIGN(auto weights, model.weights(model.config, 0));
  const BertModule module(model.config, std::move(weights));
  const Profile profile = model.profile.value_or(default_profile(model.config.num_hidden_layers));
  Scheduler scheduler(cost_of(model.config), profile);
  const auto tokens = static_cast<uint32_t>(std::min<size_t>(padded, model.config.max_position_embeddings));
  const auto texts = static_cast<double>(examples.size());
  const auto macs_at = [&](double speedup) {  // of all texts, by their own lengths
    double sum = 0;
    for (const Example& example : examples) {
      sum += static_cast<double>(scheduler.solve(static_cast<uint32_t>(example.tokens.ids.size()), speedup).macs);
    }
    return sum;
  };
  const double in_full = texts * static_cast<double>(scheduler.solve(tokens, 1).macs);
  Padded seen;
  for (const double speedup : speedups) {
    const Schedule schedule = scheduler.solve(tokens, speedup);
    const auto cut = [&](uint32_t length) {
      std::vector<uint32_t> rows = schedule.counts;
      for (uint32_t& count : rows) count = std::min(count, length);
      return rows;
    };
    Seen& fixed = seen.fixed[speedup];
    fixed.macs = static_cast<double>(schedule.macs) * texts;
    LATFORMER_ASSIGN(fixed.logits, logits_of(module, examples, cut, profile.dropped, {}));

    Seen& own = seen.by_length[speedup];
    double least = 1, most = speedup;  // of the speedup by a text's own length
    if (speedup == 1 || macs_at(1) * speedup <= in_full) {
      most = 1;
    } else {
      for (int step = 0; step < kBisectionSteps; ++step) {
        const double middle = (least + most) / 2;
        (macs_at(middle) * speedup > in_full ? least : most) = middle;
      }
    }
    // Speedup 1 is the padded model itself: its padding is work.
    own.macs = speedup == 1 ? in_full : macs_at(most);
    LATFORMER_ASSIGN(own.logits, logits_of(module, examples, scheduler, most, {}));
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
    std::vector<Sweep> sweeps;
    for (const fs::path& path : options.models) {  // before anything is measured
      LATFORMER_ASSIGN(const ModelFolder model, ModelFolder::open(path));
      if (!model.has_classifier) return unsupported_model(path.string() + ": has no classifier to measure");
      LATFORMER_TRY(speedups_of(model, options.speedups).status());
    }
    for (const fs::path& path : options.models) {
      LATFORMER_ASSIGN(const ModelFolder model, ModelFolder::open(path));
      LATFORMER_ASSIGN(const std::vector<double> speedups, speedups_of(model, options.speedups));
      const SampleOptions drawn{.limit = options.limit, .max_tokens = options.padded.value_or(0), .seed = options.seed};
      LATFORMER_ASSIGN(const Sample sample,
                       draw_sample(options.data, options.columns, model.tokenizer, model.config, drawn));
      const auto add = [&](const std::string& counting, const std::map<double, Seen>& seen) {
        sweeps.push_back(sweep_of(path, counting, seen, sample.examples, model.config.problem_type));
      };
      if (!options.padded) {
        LATFORMER_ASSIGN(const auto seen, run_classifier(path, sample.texts, speedups, options));
        add(kUnpadded, seen);
        continue;
      }
      LATFORMER_ASSIGN(const Padded seen, run_padded(model, sample.examples, speedups, *options.padded));
      const std::string counting = "padded to " + std::to_string(*options.padded);
      add(counting + " (fixed)", seen.fixed);
      add(counting + " (by length)", seen.by_length);
    }
    return sweeps;
  });
}

std::string to_table(const std::vector<Sweep>& sweeps) {
  std::string text;
  for (const Sweep& sweep : sweeps) {
    const bool agrees = sweep.rows.front().agreement.has_value();
    text += format(
        "%s, %zu texts, %s\n  speedup  %11s   +-95%%  %sMACs [M]  fewer   confidence error       ms  faster\n",
        sweep.model.c_str(), sweep.texts, sweep.counting.c_str(), sweep.metric.c_str(), agrees ? "   F1    MCC  " : "");
    for (const SweepRow& row : sweep.rows) {
      text += format("  %7g  %11.2f  %6.2f", row.speedup, 100 * row.metric, 100 * row.interval);
      if (agrees) text += format("  %5.1f  %5.1f", 100 * row.agreement->f1, 100 * row.agreement->mcc);
      text += format("  %8.1f  %4.2fx  %17.3f", row.macs / 1e6, row.macs_ratio, row.confidence_error);
      if (row.milliseconds) {
        text += format("  %7.2f  %5.2fx", *row.milliseconds, *sweep.rows.front().milliseconds / *row.milliseconds);
      }
      text += "\n";
    }
  }
  return text;
}

std::string to_csv(const std::vector<Sweep>& sweeps) {
  std::string text =
      "model,counting,texts,metric,speedup,value,interval,f1,mcc,macs,macs_ratio,confidence_error,milliseconds\n";
  for (const Sweep& sweep : sweeps) {
    for (const SweepRow& row : sweep.rows) {
      text += csv_field(sweep.model) + "," + csv_field(sweep.counting) +
              format(",%zu,%s,%g,%.6f,%.6f,", sweep.texts, sweep.metric.c_str(), row.speedup, row.metric, row.interval);
      text += row.agreement ? format("%.6f,%.6f,", row.agreement->f1, row.agreement->mcc) : std::string(",,");
      text += format("%.0f,%.4f,%.4f,", row.macs, row.macs_ratio, row.confidence_error);
      text += (row.milliseconds ? format("%.4f", *row.milliseconds) : std::string()) + "\n";
    }
  }
  return text;
}

std::string to_svg(const std::vector<Sweep>& sweeps) {
  Chart chart{.x_title = "speedup (times fewer multiply-accumulates)", .y_title = sweeps.front().metric + " in %"};
  for (const Sweep& sweep : sweeps) {
    Chart::Line line{.name = sweep.model, .points = {}};
    if (sweep.counting != kUnpadded) line.name += ", " + sweep.counting;
    for (const SweepRow& row : sweep.rows) {
      line.points.emplace_back(row.macs_ratio, 100 * row.metric);
      line.intervals.push_back(100 * row.interval);
    }
    chart.lines.push_back(std::move(line));
  }
  return chart.svg();
}

}  // namespace latformer::train
