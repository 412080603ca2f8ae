// latformer-train sweep: arguments of report/sweep.h and, with --budget, of report/budgets.h.
#include "core/train/report/sweep.h"

#include <string>
#include <vector>

#include "core/files/files.h"
#include "core/train/commands/command.h"
#include "core/train/report/budgets.h"

namespace latformer::train {
namespace {

constexpr std::string_view kHelp =
    R"(usage: latformer-train sweep --model DIR --data FILE [options]

Measures a model at each speedup as it will run, one text at a time.

  --model DIR         may come several times
  --data FILE         labelled texts that the model was not trained on; may come several times
  --speedups LIST     default: of 1,1.5,2,3,4,4.8,6,8 those up to the model's max_speedup, which none may exceed
  --padded N          count as papers do: texts are padded to N tokens, and padding counts as work that is saved; once
                      by one schedule for all, once the same work dealt out by each text's length (no time is measured)
  --limit N           texts drawn by chance; default: all
  --csv FILE          also write it as CSV
  --svg FILE          and as a chart of all models
  --budget MS[,MS...] instead: the texts of all files in mixed order, each under a latency budget, beside
                      the one fixed speedup that takes as long on average. One model; --limit is for each file
  --column, --pair-column, --label-column NAME, --seed N: as for finetune; --threads N, default 1
)";

int run(Arguments arguments) {
  SweepOptions o;
  for (const std::string& model : arguments.texts("--model")) o.models.emplace_back(model);
  if (o.models.empty()) arguments.complain("--model is needed");
  o.data = take_data(arguments);
  take_columns(arguments, o.columns);
  o.speedups = take_speedups(arguments, {});
  const bool speedups_given = !o.speedups.empty();
  const uint64_t padded = arguments.whole("--padded", 0, 2, 1 << 20);
  if (padded > 0) o.padded = padded;
  o.limit = arguments.whole("--limit", 0, 1, 1 << 30);
  o.seed = arguments.whole("--seed", o.seed, 0, UINT64_MAX);
  o.threads = arguments.whole("--threads", 1, 1, 1024);
  use_threads(o.threads);
  const std::string csv = arguments.text("--csv", ""), svg = arguments.text("--svg", "");
  const std::vector<double> budgets = take_budgets(arguments);
  if (!budgets.empty() && (o.models.size() > 1 || speedups_given || padded > 0 || !svg.empty())) {
    arguments.complain("--budget goes with one --model, and without --speedups, --padded and --svg");
  }
  if (const Status status = arguments.done(); !status.ok()) return misuse(status);
  for (const std::string& path : {csv, svg}) {  // before the work that is to stand there
    if (const Status status = can_write(path); !status.ok()) return finish(status);
  }
  if (!budgets.empty()) {
    const auto mixed = measure_budgets({.model = o.models.front(),
                                        .data = o.data,
                                        .columns = o.columns,
                                        .budgets = budgets,
                                        .limit = o.limit,
                                        .seed = o.seed,
                                        .threads = o.threads});
    if (!mixed.ok()) return finish(mixed.status());
    print(to_table(*mixed));
    return finish(csv.empty() ? Status() : write_file(csv, to_csv(*mixed)));
  }
  const auto sweeps = sweep(o);
  if (!sweeps.ok()) return finish(sweeps.status());
  print(to_table(*sweeps));
  Status written = csv.empty() ? Status() : write_file(csv, to_csv(*sweeps));
  if (written.ok() && !svg.empty()) written = write_file(svg, to_svg(*sweeps));
  return finish(written);
}

}  // namespace

const Command kSweep = {.name = "sweep",
                        .summary = "what each speedup costs and gives: a table, CSV, a chart",
                        .help = kHelp,
                        .flags = {},
                        .run = run};

}  // namespace latformer::train
