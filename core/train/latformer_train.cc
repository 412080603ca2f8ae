// The command latformer-train: arguments and printing only.
#include <torch/torch.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "core/files/files.h"
#include "core/tools/quantize.h"
#include "core/train/arguments.h"
#include "core/train/calibrate.h"
#include "core/train/finetune.h"
#include "core/train/search.h"
#include "core/train/stream.h"
#include "core/train/sweep.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace latformer::train {
namespace {

constexpr int kDone = 0, kFailed = 1, kMisused = 2, kInterrupted = 130;

constexpr std::string_view kHelp = R"(usage: latformer-train COMMAND [options]

Makes a Hugging Face BERT adjustable: docs/own-model.md shows the way.

  finetune   teaches a model a task, and to do with fewer words
  calibrate  measures what each layer contributes (ACC) and makes the profile; finds the temperature of the scores
  search     looks for a better profile than ACC's
  sweep      what each speedup costs and gives: a table, CSV, a picture
  quantize   an int8 or 4-bit copy

latformer-train COMMAND --help tells a command's options.
Exit codes: 0 done, 1 data, model or files are at fault, 2 wrong usage, 130 interrupted.
)";

constexpr std::string_view kFinetuneHelp =
    R"(usage: latformer-train finetune --model DIR --data FILE --work DIR --target DIR [options]

Teacher stage, measuring of ACC, elimination stage; then the model with its profile.json, in a folder that Python's
transformers and Latformer load. Started by torchrun, several processes train one model (they share each batch).

  --model DIR            a Hugging Face BERT folder, with or without a classifier
  --data FILE            labelled texts: .tsv, .csv or .jsonl; may come several times
  --work DIR             for checkpoints and log.jsonl; Ctrl-C leaves a checkpoint too
  --target DIR           the folder to make
  --resume               go on from the checkpoint in WORK
  --force                replace the model in a TARGET that is there already

The task
  --problem KIND         single-label, multi-label or regression; by default the model's, else single-label
  --labels A,B,...       names of the labels in order of their numbers; by default the model's, else those in the data
  --column NAME          the text; default: text, else sentence
  --pair-column NAME     the second text of a pair; default: text_pair, if --column is not given
  --label-column NAME    default: label. Of several labels: a JSON list, or parted by commas
  --layers N             take only the model's first N layers: a smaller model to compare with
  --max-tokens N         longer texts are cut; default 128
  --holdout N            texts left out of training, to be measured on; default 500, at most a tenth

Stages
  --teacher-epochs X     ordinary fine-tuning; default 3
  --epochs X             with elimination; default 3
  --learning-rate X      of the elimination stage; default 5e-5
  --teacher-learning-rate X   default 5e-5
  --target-speedup X     what the model is trained up to; default 6
  --ramp X               share of the elimination stage until the target is reached; default 0.2
  --no-sandwich          only the pruned model learns in each step, as in the paper
  --no-distill           pruned models learn from labels instead of from the full model
  --hidden-weight X      how much the distance of [CLS] after the last layer counts in distillation; default 0
  --dropped KIND         merge (default) or discard
  --score KIND           trained (default): each layer learns what will matter to later ones; or attention alone, as
                         in the paper and the default with --no-sandwich
  --shape KIND           product (default), minimum, geometric or linear
  --r-min X              no retention falls below it; default 0.000001
  --profile FILE         a profile.json to use as it is, instead of measuring ACC; without --dropped, --shape, --r-min
                         and --acc-texts
  --acc-texts N          training texts that ACC is measured on; default 512

Optimisation
  --batch-tokens N       at most so many tokens in a batch, default 4096
  --batch-texts N        and so many texts, default 32
  --warm-up X            share of a stage's steps, default 0.06
  --weight-decay X       default 0.01
  --clip X               largest norm of the gradient, default 1
  --dropout X            of hidden states, default 0.1
  --seed N               default 1
  --threads N            default: all cores
  --device NAME          cpu (default), cuda or cuda:N
  --freeze-embeddings    leave the embeddings as they are: a step then takes less time and memory
  --compute KIND         of the products: f32 (default) or bf16, several times as fast where the machine has it
  --checkpoint-minutes X default 5
  --evaluate-every N     steps between measurements on what is held out, default 500; 0: only at the end
  --dtype KIND           of the weights written: f32 (default) or f16
)";

constexpr std::string_view kCalibrateHelp = R"(usage: latformer-train calibrate --model DIR --data FILE [options]

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

constexpr std::string_view kSweepHelp = R"(usage: latformer-train sweep --model DIR --data FILE [options]

Measures a model at each speedup with the engine that will run it, one text at a time.

  --model DIR         may come several times
  --data FILE         labelled texts that the model was not trained on; may come several times
  --speedups LIST     default 1,1.5,2,3,4,4.8,6,8; a model's are those up to its max_speedup
  --padded N          count as papers do: texts are padded to N tokens, and padding counts as work (no time is measured)
  --limit N           texts drawn by chance; default: all
  --csv FILE          also write it as CSV
  --svg FILE          and as a picture of all models
  --budget MS[,MS...] instead: the texts of all files as one stream in mixed order, each under a latency budget, beside
                      the one fixed speedup that takes as long on average. One model; --limit is for each file
  --column, --pair-column, --label-column NAME, --seed N: as for finetune; --threads N, default 1
)";

constexpr std::string_view kSearchHelp = R"(usage: latformer-train search --model DIR --data FILE --target DIR [options]

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

constexpr std::string_view kQuantizeHelp = R"(usage: latformer-train quantize [--bits 4] [--force] SOURCE TARGET

Writes an int8 copy of a model folder, one scale per output channel, in the compressed-tensors convention; tells what was
lost in each part of the model. --bits 4: two weights in a byte, one scale for 64 of them; half the download.
)";

std::atomic<bool> stop_requested = false;

int misuse(const Status& status) {
  std::fprintf(stderr, "latformer-train: %s\nTry --help.\n", status.message().c_str());
  return kMisused;
}

int finish(const Status& status) {
  if (status.ok()) return kDone;
  std::fprintf(stderr, "latformer-train: %s\n", status.message().c_str());
  return status.code() == ErrorCode::cancelled ? kInterrupted : kFailed;
}

int print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  return kDone;
}

void take_columns(Arguments& arguments, ColumnNames& columns) {
  columns.text = arguments.text("--column", "");
  columns.pair = arguments.text("--pair-column", "");
  columns.label = arguments.text("--label-column", columns.label);
}

std::vector<std::filesystem::path> take_data(Arguments& arguments) {
  std::vector<std::filesystem::path> data;
  for (const std::string& file : arguments.texts("--data")) data.emplace_back(file);
  if (data.empty()) arguments.complain("--data is needed");
  return data;
}

ProfileShape take_shape(Arguments& arguments) {
  return arguments.choice("--shape", ProfileShape::running_product,
                          {{"product", ProfileShape::running_product},
                           {"minimum", ProfileShape::running_minimum},
                           {"geometric", ProfileShape::geometric},
                           {"linear", ProfileShape::linear}});
}

Dropped take_dropped(Arguments& arguments) {
  return arguments.choice("--dropped", Dropped::merge, {{"merge", Dropped::merge}, {"discard", Dropped::discard}});
}

DType take_dtype(Arguments& arguments) {
  return arguments.choice("--dtype", DType::f32, {{"f32", DType::f32}, {"f16", DType::f16}});
}

// Sets LibTorch's threads; the cores' number if there is none.
void take_threads(Arguments& arguments) {
  const uint64_t threads = arguments.whole("--threads", 0, 1, 1024);
  if (threads > 0) torch::set_num_threads(static_cast<int>(threads));
}

// Numbers parted by commas, of which `good` says what is one; none if the option is not there.
template <class Good>
std::vector<double> take_numbers(Arguments& arguments, std::string_view name, Good&& good, const char* what) {
  std::vector<double> numbers;
  for (const std::string& number : comma_list(arguments.text(name, ""))) {
    numbers.push_back(Arguments::parse_number(number).value_or(0));
    if (!good(numbers.back())) arguments.complain(std::string(name) + ": " + number + " is no number " + what);
  }
  return numbers;
}

std::vector<double> take_speedups(Arguments& arguments, const std::vector<double>& otherwise) {
  std::vector<double> speedups = take_numbers(arguments, "--speedups", [](double x) { return x >= 1; }, "from 1 on");
  return speedups.empty() ? otherwise : speedups;
}

int run_finetune(Arguments arguments) {
  FinetuneOptions o;
  o.model = arguments.text("--model");
  o.data = take_data(arguments);
  o.work = arguments.text("--work");
  o.target = arguments.text("--target");
  o.resume = arguments.flag("--resume");
  o.exporting.force = arguments.flag("--force");

  o.problem = arguments.choice<std::optional<ProblemType>>("--problem", std::nullopt,
                                                           {{"single-label", ProblemType::single_label},
                                                            {"multi-label", ProblemType::multi_label},
                                                            {"regression", ProblemType::regression}});
  o.labels = comma_list(arguments.text("--labels", ""));
  take_columns(arguments, o.columns);
  o.layers = static_cast<uint32_t>(arguments.whole("--layers", 0, 1, 1000));
  o.max_tokens = arguments.whole("--max-tokens", o.max_tokens, 8, 1 << 20);
  o.holdout = arguments.whole("--holdout", o.holdout, 0, 1 << 30);

  TrainOptions& t = o.train;
  t.teacher.epochs = arguments.number("--teacher-epochs", t.teacher.epochs, 0, 1000);
  t.elimination.epochs = arguments.number("--epochs", t.elimination.epochs, 0, 1000);
  if (t.teacher.epochs + t.elimination.epochs == 0) arguments.complain("no epoch is left to train");
  t.elimination.learning_rate = arguments.number("--learning-rate", t.elimination.learning_rate, 0, 1e6);
  t.teacher.learning_rate = arguments.number("--teacher-learning-rate", t.teacher.learning_rate, 0, 1e6);
  t.target_speedup = arguments.number("--target-speedup", t.target_speedup, 1, 100);
  t.ramp = arguments.number("--ramp", t.ramp, 0, 1);
  t.sandwich = !arguments.flag("--no-sandwich");
  t.distill = !arguments.flag("--no-distill");
  t.hidden_weight = arguments.number("--hidden-weight", t.hidden_weight, 0, 1e6);
  arguments.instead_of("--profile", {"--dropped", "--shape", "--r-min", "--acc-texts"});
  o.dropped = take_dropped(arguments);
  const auto score =
      arguments.choice<std::optional<bool>>("--score", std::nullopt, {{"trained", true}, {"attention", false}});
  o.scorers = score.value_or(t.sandwich);
  if (o.scorers && !t.sandwich) arguments.complain("--score trained needs the full model beside the pruned ones");
  o.shape = take_shape(arguments);
  o.r_min = arguments.number("--r-min", o.r_min, 1e-6, 1);
  const std::string profile = arguments.text("--profile", "");
  if (!profile.empty()) o.profile = profile;
  o.acc_texts = arguments.whole("--acc-texts", o.acc_texts, 1, 1 << 30);

  t.batches.max_tokens = arguments.whole("--batch-tokens", t.batches.max_tokens, 1, 1 << 24);
  t.batches.max_texts = arguments.whole("--batch-texts", 32, 1, 1 << 20);
  t.warm_up = arguments.number("--warm-up", t.warm_up, 0, 1);
  t.weight_decay = arguments.number("--weight-decay", t.weight_decay, 0, 1);
  t.clip = arguments.number("--clip", t.clip, 1e-9, 1e9);
  t.dropout = arguments.number("--dropout", t.dropout, 0, 0.9);
  t.seed = arguments.whole("--seed", t.seed, 0, UINT64_MAX);
  take_threads(arguments);
  o.device = arguments.text("--device", "cpu");
  o.bf16 = arguments.choice("--compute", false, {{"f32", false}, {"bf16", true}});
  o.freeze_embeddings = arguments.flag("--freeze-embeddings");
  o.checkpoint_minutes = arguments.number("--checkpoint-minutes", o.checkpoint_minutes, 0, 1e6);
  o.evaluate_every = arguments.whole("--evaluate-every", o.evaluate_every, 0, 1 << 30);
  o.exporting.dtype = take_dtype(arguments);
  if (const Status status = arguments.done(); !status.ok()) return misuse(status);

  const auto ask_to_stop = [](int) {
    stop_requested = true;
    std::signal(SIGINT, SIG_DFL);  // a second one ends it at once
  };
  std::signal(SIGINT, ask_to_stop);
  std::signal(SIGTERM, ask_to_stop);
  const auto peers = Peers::from_environment();
  return peers.ok() ? finish(finetune(o, *peers, stop_requested)) : finish(peers.status());
}

int run_calibrate(Arguments arguments) {
  CalibrateOptions o;
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
  const auto calibration = calibrate(o);
  if (!calibration.ok()) return finish(calibration.status());
  return print(to_text(*calibration, o.r_min));
}

int run_search(Arguments arguments) {
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

int run_sweep(Arguments arguments) {
  SweepOptions o;
  for (const std::string& model : arguments.texts("--model")) o.models.emplace_back(model);
  if (o.models.empty()) arguments.complain("--model is needed");
  o.data = take_data(arguments);
  take_columns(arguments, o.columns);
  o.speedups = take_speedups(arguments, {});
  const bool speedups_given = !o.speedups.empty();
  if (!speedups_given) o.speedups = SweepOptions().speedups;
  const uint64_t padded = arguments.whole("--padded", 0, 2, 1 << 20);
  if (padded > 0) o.padded = padded;
  o.limit = arguments.whole("--limit", 0, 1, 1 << 30);
  o.seed = arguments.whole("--seed", o.seed, 0, UINT64_MAX);
  o.threads = arguments.whole("--threads", 1, 1, 1024);
  torch::set_num_threads(static_cast<int>(o.threads));
  const std::string csv = arguments.text("--csv", ""), svg = arguments.text("--svg", "");
  const std::vector<double> budgets = take_numbers(arguments, "--budget", [](double x) { return x > 0; }, "above 0");
  if (!budgets.empty() && (o.models.size() > 1 || speedups_given || padded > 0 || !svg.empty())) {
    arguments.complain("--budget goes with one --model, and without --speedups, --padded and --svg");
  }
  if (const Status status = arguments.done(); !status.ok()) return misuse(status);
  if (!budgets.empty()) {
    const auto mixed = stream({.model = o.models.front(),
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

int run_quantize(Arguments arguments) {
  const int bits = arguments.choice("--bits", 8, {{"8", 8}, {"4", 4}});
  const QuantizeOptions options{.bits = bits, .force = arguments.flag("--force")};
  const std::vector<std::string> folders = arguments.rest();
  if (folders.size() != 2) arguments.complain("two folders are needed, SOURCE and TARGET");
  if (const Status status = arguments.done(); !status.ok()) return misuse(status);
  const auto report = quantize_folder(folders[0], folders[1], options);
  return report.ok() ? print(to_text(*report)) : finish(report.status());
}

int run(const std::vector<std::string>& words) {
  const std::string command = words.empty() ? "" : words[0];
  const auto is_help = [](const std::string& word) { return word == "--help" || word == "-h"; };
  if (is_help(command)) return print(kHelp);
  const bool help = words.size() > 1 && is_help(words[1]);
  const std::vector<std::string> rest(words.begin() + (words.empty() ? 0 : 1), words.end());
  if (command == "finetune") {
    return help ? print(kFinetuneHelp)
                : run_finetune(
                      Arguments(rest, {"--resume", "--force", "--no-sandwich", "--no-distill", "--freeze-embeddings"}));
  }
  if (command == "calibrate") {
    return help ? print(kCalibrateHelp)
                : run_calibrate(Arguments(rest, {"--force", "--keep-profile", "--temperature"}));
  }
  if (command == "search") return help ? print(kSearchHelp) : run_search(Arguments(rest, {"--force"}));
  if (command == "sweep") return help ? print(kSweepHelp) : run_sweep(Arguments(rest, {}));
  if (command == "quantize") return help ? print(kQuantizeHelp) : run_quantize(Arguments(rest, {"--force"}));
  return misuse(invalid_argument(command.empty() ? "which command?" : "unknown command " + command));
}

}  // namespace
}  // namespace latformer::train

int main(int argc, char** argv) {
#ifdef __GLIBC__
  // Each step asks for the same large tensors again: memory that went back to the system between would be a page fault
  // for each of its pages, a tenth of a small model's time.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);
#endif
  return latformer::train::run({argv + 1, argv + argc});
}
