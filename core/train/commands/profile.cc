// latformer-train profile: arguments of run/make_profile.h.
#include "core/train/commands/command.h"
#include "core/train/run/make_profile.h"

namespace latformer::train {
namespace {

constexpr std::string_view kHelp =
    R"(usage: latformer-train profile --model DIR --data FILE [options]

Runs texts in full, tells ACC of each layer and the retention of each shape; with --target writes the model with its
profile.json.

  --model DIR         a Hugging Face BERT folder with a classifier
  --data FILE         labelled texts: .tsv, .csv or .jsonl; may come several times
  --target DIR        the folder to make; --force replaces the model in one that is there
  --shape KIND        product (default), minimum, geometric or linear; --r-min X (0.000001)
  --dropped KIND      merge (default) or discard
  --max-speedup X     up to which the sweep supports the model; needed with --target, unless the profile is kept
  --keep-profile      keep the model's profile.json; without --shape, --dropped and --max-speedup
  --temperature       find the temperature that makes scores say how often the model is right, and divide the
                      classifier by it; give texts that it was not trained on
  --limit N           texts drawn by chance, default 2000; 0: all
  --max-tokens N      longer texts are cut; default: the model's positions
  --column, --pair-column, --label-column NAME, --seed N, --threads N, --dtype f32|f16: as for finetune
)";

int run(Arguments arguments) {
  MakeProfileOptions o;
  o.model = arguments.text("--model");
  o.data = take_data(arguments);
  take_columns(arguments, o.columns);
  const std::string target = arguments.text("--target", "");
  if (!target.empty()) o.target = target;
  o.exporting.force = arguments.flag("--force");
  o.exporting.dtype = take_dtype(arguments);
  arguments.instead_of("--keep-profile", {"--shape", "--dropped", "--max-speedup"});
  o.shape = take_shape(arguments);
  o.r_min = arguments.number("--r-min", o.r_min, 1e-6, 1);
  o.dropped = take_dropped(arguments);
  o.keep_profile = arguments.flag("--keep-profile");
  o.temperature = arguments.flag("--temperature");
  o.max_speedup = arguments.number("--max-speedup", 0, 1, 1000);
  if (o.target && !o.keep_profile && o.max_speedup == 0) arguments.complain("--max-speedup is needed");
  o.limit = arguments.whole("--limit", o.limit, 0, 1 << 30);
  o.max_tokens = arguments.whole("--max-tokens", 0, 8, 1 << 20);
  o.seed = arguments.whole("--seed", o.seed, 0, UINT64_MAX);
  take_threads(arguments);
  if (const Status status = arguments.done(); !status.ok()) return misuse(status);
  const auto made = make_profile(o);
  if (!made.ok()) return finish(made.status());
  return print(to_text(*made, o.r_min));
}

}  // namespace

const Command kProfile = {
    .name = "profile",
    .summary = "measures what each layer contributes (ACC) and makes the profile; finds the temperature of the scores",
    .help = kHelp,
    .flags = {"--force", "--keep-profile", "--temperature"},
    .run = run};

}  // namespace latformer::train
