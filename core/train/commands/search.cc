// latformer-train search: arguments of run/search.h.
#include "core/train/run/search.h"

#include <cstdio>

#include "core/train/commands/command.h"

namespace latformer::train {
namespace {

constexpr std::string_view kHelp =
    R"(usage: latformer-train search --model DIR --data FILE --target DIR [options]

Changes the retention of the layers by chance and keeps what makes the pruned model agree better with the full one.

  --model DIR         a Hugging Face BERT folder with a classifier
  --data FILE         texts, not those that the model is measured on; may come several times
  --target DIR        the folder to make: a copy with the profile that was found; --force replaces one that is there
  --speedups LIST     at which the two are compared, default 2,3,4.8
  --trials N          default 150
  --limit N           texts drawn by chance, default 400; 0: all
  --max-tokens N      longer texts are cut; default: the model's positions
  --column, --pair-column, --label-column NAME, --seed N, --threads N, --dtype f32|f16: as for finetune
)";

int run(Arguments arguments) {
  SearchOptions o;
  o.model = arguments.text("--model");
  o.data = take_data(arguments);
  take_columns(arguments, o.columns);
  o.target = arguments.text("--target");
  o.exporting.force = arguments.flag("--force");
  o.exporting.dtype = take_dtype(arguments);
  o.speedups = take_speedups(arguments, o.speedups);
  o.trials = arguments.whole("--trials", o.trials, 1, 1 << 20);
  o.limit = arguments.whole("--limit", o.limit, 0, 1 << 30);
  o.max_tokens = arguments.whole("--max-tokens", 0, 8, 1 << 20);
  o.seed = arguments.whole("--seed", o.seed, 0, UINT64_MAX);
  take_threads(arguments);
  if (const Status status = arguments.done(); !status.ok()) return misuse(status);
  const auto found = search(o, [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); });
  if (!found.ok()) return finish(found.status());
  std::printf("loss %.5f -> %.5f\n", found->loss_before, found->loss_after);
  return kDone;
}

}  // namespace

const Command kSearch = {.name = "search",
                         .summary = "looks for a better profile than ACC's",
                         .help = kHelp,
                         .flags = {"--force"},
                         .run = run};

}  // namespace latformer::train
