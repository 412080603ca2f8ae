#include "core/train/report/budgets.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <span>
#include <utility>

#include "core/elimination/schedule.h"
#include "core/models/bert/cost.h"
#include "core/train/data/random.h"
#include "core/train/data/sample.h"
#include "core/train/modules/guard.h"
#include "core/train/modules/model_folder.h"
#include "core/train/report/chart.h"
#include "core/train/report/classifier.h"
#include "core/train/report/evaluate.h"
#include "core/train/report/metrics.h"

namespace latformer::train {
namespace fs = std::filesystem;
namespace {

constexpr size_t kWarmUpTexts = 3;
constexpr double kSameTime = 0.01;  // of the mean
constexpr int kRounds = 3;
constexpr int kBisectionSteps = 20;

struct Texts {
  std::vector<LabelledText> texts;
  std::vector<Example> examples;
  std::vector<size_t> files;  // which file each is of
};

// What was seen of each text in one way of running it.
struct Seen {
  std::vector<std::vector<float>> logits;
  std::vector<double> milliseconds;
  double predicted = 0;  // mean, by the time model
};

double mean(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

Result<Texts> read_texts(const BudgetOptions& options, const ModelFolder& model) {
  Texts all;
  for (size_t file = 0; file < options.data.size(); ++file) {
    const SampleOptions drawn{.limit = options.limit, .seed = options.seed, .number = file};
    LATFORMER_ASSIGN(Sample sample,
                     draw_sample({&options.data[file], 1}, options.columns, model.tokenizer, model.config, drawn));
    std::move(sample.texts.begin(), sample.texts.end(), std::back_inserter(all.texts));
    std::move(sample.examples.begin(), sample.examples.end(), std::back_inserter(all.examples));
    all.files.resize(all.texts.size(), file);
  }
  return all;
}

// Every text in every way, text after text in one shuffled order.
Result<std::vector<Seen>> measure(Classifier& classifier, const Texts& texts, const std::vector<RunOptions>& ways,
                                  uint64_t seed) {
  const size_t count = texts.texts.size();
  std::vector<Seen> seen(
      ways.size(), {.logits = std::vector<std::vector<float>>(count), .milliseconds = std::vector<double>(count)});
  std::vector<size_t> turns(count), order(ways.size());
  for (size_t i = 0; i < turns.size(); ++i) turns[i] = i;
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  Random random(seed, "stream");
  random.shuffle(turns);
  for (size_t place = 0; place < kWarmUpTexts + count; ++place) {  // the first ones once more, to begin with
    const size_t text = turns[place < kWarmUpTexts ? place % count : place - kWarmUpTexts];
    const TextInput input = text_input(texts.texts[text]);
    random.shuffle(order);
    for (const size_t way : order) {
      const double start = steady_milliseconds();
      LATFORMER_ASSIGN(std::vector<Classification> answer, classifier.run({&input, 1}, ways[way]));
      const double milliseconds = steady_milliseconds() - start;
      if (place < kWarmUpTexts) continue;
      seen[way].milliseconds[text] = milliseconds;
      seen[way].predicted += *answer[0].windows[0].schedule.milliseconds / static_cast<double>(count);
      seen[way].logits[text] = std::move(answer[0].logits);
    }
  }
  return seen;
}

// The speedup whose mean time the model predicts to be `milliseconds`; an end of its range where none is so slow or so
// fast.
double speedup_of_mean(double milliseconds, const Texts& texts, Scheduler& scheduler) {
  double slow = 1, fast = scheduler.profile().max_speedup;
  for (int step = 0; step < kBisectionSteps; ++step) {
    const double middle = (slow + fast) / 2;
    double sum = 0;
    for (const Example& example : texts.examples) {
      sum += *scheduler.solve(static_cast<uint32_t>(example.tokens.ids.size()), middle).milliseconds;
    }
    (sum > milliseconds * static_cast<double>(texts.examples.size()) ? slow : fast) = middle;
  }
  return (slow + fast) / 2;
}

// Of the texts of one file, or of all.
BudgetCell cell_of(const std::string& name, std::optional<size_t> file, const Seen& seen, const Texts& texts,
                   ProblemType problem, std::optional<double> budget) {
  std::vector<std::vector<float>> logits;
  std::vector<const std::vector<float>*> targets;
  std::vector<double> times;
  for (size_t i = 0; i < texts.files.size(); ++i) {
    if (file && texts.files[i] != *file) continue;
    logits.push_back(seen.logits[i]);
    targets.push_back(&texts.examples[i].target);
    times.push_back(seen.milliseconds[i]);
  }
  std::sort(times.begin(), times.end());
  BudgetCell cell{.data = name,
                  .texts = times.size(),
                  .metric = metric_of(logits, targets, problem),
                  .mean = mean(times),
                  .p95 = times[(times.size() * 95 + 99) / 100 - 1],
                  .inside = {}};
  if (budget) {
    const auto inside = std::upper_bound(times.begin(), times.end(), *budget) - times.begin();
    cell.inside = static_cast<double>(inside) / static_cast<double>(times.size());
  }
  return cell;
}

BudgetRow row_of(const RunOptions& way, std::optional<double> budget, const Seen& seen, const Texts& texts,
                 const BudgetOptions& options, ProblemType problem) {
  BudgetRow row{.budget = budget, .speedup = {}, .cells = {}};
  if (!way.budget) row.speedup = way.speedup;
  row.cells.push_back(cell_of("all", {}, seen, texts, problem, budget));
  for (size_t file = 0; file < options.data.size() && options.data.size() > 1; ++file) {
    row.cells.push_back(cell_of(options.data[file].string(), file, seen, texts, problem, budget));
  }
  return row;
}

std::string format(const char* pattern, auto... values) {
  char text[256];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

}  // namespace

Result<BudgetReport> measure_budgets(const BudgetOptions& options) {
  return guarded([&]() -> Result<BudgetReport> {
    LATFORMER_ASSIGN(const ModelFolder model, ModelFolder::open(options.model));
    if (!model.has_classifier) return unsupported_model(options.model.string() + ": has no classifier to measure");
    LATFORMER_ASSIGN(const Texts texts, read_texts(options, model));
    LATFORMER_ASSIGN(Classifier classifier, open_classifier(options.model, options.threads));
    LATFORMER_TRY(classifier.calibrate());
    Scheduler scheduler(classifier.cost(), classifier.profile());
    scheduler.set_time_model(*classifier.time_model());

    std::vector<RunOptions> ways;  // the budgets, then the speedup of each, then speedup 1
    for (const double budget : options.budgets) ways.push_back({.budget = budget});
    const size_t budgets = ways.size();
    LATFORMER_ASSIGN(std::vector<Seen> seen, measure(classifier, texts, ways, options.seed));
    std::vector<double> predicted;
    for (const Seen& of_budget : seen) predicted.push_back(of_budget.predicted);
    ways.resize(2 * budgets + 1);

    bool same = false;
    for (int round = 0; round < kRounds && !same; ++round) {
      for (size_t i = 0; i < budgets; ++i)
        ways[budgets + i] = {.speedup = speedup_of_mean(predicted[i], texts, scheduler)};
      LATFORMER_ASSIGN(seen, measure(classifier, texts, ways, options.seed));
      same = true;
      for (size_t i = 0; i < budgets; ++i) {
        const double ratio = mean(seen[i].milliseconds) / mean(seen[budgets + i].milliseconds);
        same = same && std::abs(ratio - 1) <= kSameTime;
        predicted[i] = seen[budgets + i].predicted * ratio;
      }
    }

    const ProblemType problem = model.config.problem_type;
    BudgetReport result{.model = folder_name(options.model), .metric = std::string(metric_name(problem)), .rows = {}};
    result.rows.push_back(row_of(ways.back(), {}, seen.back(), texts, options, problem));
    for (size_t i = 0; i < budgets; ++i) {
      for (const size_t way : {i, budgets + i}) {
        result.rows.push_back(row_of(ways[way], options.budgets[i], seen[way], texts, options, problem));
      }
    }
    return result;
  });
}

std::string to_table(const BudgetReport& report) {
  std::vector<std::pair<std::string, std::string>> lines;  // name and what is told of it
  lines.emplace_back("", format("  texts  mean ms   95%% ms  inside  %11s", report.metric.c_str()));
  for (const BudgetRow& row : report.rows) {
    const std::string how = row.speedup ? format("speedup %.2f", *row.speedup) : format("budget %g ms", *row.budget);
    for (const BudgetCell& cell : row.cells) {
      const std::string inside = cell.inside ? format("%.1f%%", 100 * *cell.inside) : "";
      lines.emplace_back(&cell == &row.cells.front() ? how : "  " + cell.data,
                         format("  %5zu  %7.2f  %7.2f  %6s  %11.2f", cell.texts, cell.mean, cell.p95, inside.c_str(),
                                100 * cell.metric));
    }
  }
  size_t longest = 0;
  for (const auto& [name, rest] : lines) longest = std::max(longest, name.size());
  std::string text = report.model + "\n";
  for (const auto& [name, rest] : lines) text += name + std::string(longest - name.size(), ' ') + rest + "\n";
  return text;
}

std::string to_csv(const BudgetReport& report) {
  std::string text = "model,budget,speedup,data,texts,mean_milliseconds,p95_milliseconds,inside,metric,value\n";
  for (const BudgetRow& row : report.rows) {
    for (const BudgetCell& cell : row.cells) {
      text += csv_field(report.model) + "," + (row.budget ? format("%g", *row.budget) : "") + "," +
              (row.speedup ? format("%.4f", *row.speedup) : "") + "," + csv_field(cell.data) +
              format(",%zu,%.4f,%.4f,", cell.texts, cell.mean, cell.p95) +
              (cell.inside ? format("%.4f", *cell.inside) : "") +
              format(",%s,%.6f\n", report.metric.c_str(), cell.metric);
    }
  }
  return text;
}

}  // namespace latformer::train
