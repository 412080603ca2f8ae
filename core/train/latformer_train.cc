// The command latformer-train: arguments and printing only.
#include <torch/torch.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "core/train/arguments.h"
#include "core/train/finetune.h"

namespace latformer::train {
namespace {

constexpr int kDone = 0, kFailed = 1, kMisused = 2, kInterrupted = 130;

constexpr std::string_view kHelp = R"(usage: latformer-train COMMAND [options]

Makes a Hugging Face BERT adjustable: docs/own-model.md shows the way.

  finetune   teaches a model a task, and to do with fewer words

latformer-train COMMAND --help tells a command's options.
Exit codes: 0 done, 1 data, model or files are at fault, 2 wrong usage, 130 interrupted.
)";

constexpr std::string_view kFinetuneHelp =
    R"(usage: latformer-train finetune --model DIR --data FILE --work DIR --target DIR [options]

Teacher stage, measuring of ACC, elimination stage; then the model with its profile.json, in a folder that Python's
transformers and Latformer load.

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
  --dropped KIND         merge (default) or discard
  --shape KIND           product (default), minimum, geometric or linear
  --r-min X              no retention falls below it; default 0.02
  --profile FILE         a profile.json to use as it is, instead of measuring ACC
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
  --checkpoint-minutes X default 5
  --evaluate-every N     steps between measurements on what is held out, default 500; 0: only at the end
  --dtype KIND           of the weights written: f32 (default) or f16
  --temperature X        divides the classifier, default 1
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

int run_finetune(Arguments arguments) {
  FinetuneOptions o;
  o.model = arguments.text("--model");
  for (const std::string& file : arguments.texts("--data")) o.data.emplace_back(file);
  if (o.data.empty()) arguments.complain("--data is needed");
  o.work = arguments.text("--work");
  o.target = arguments.text("--target");
  o.resume = arguments.flag("--resume");
  o.exporting.force = arguments.flag("--force");

  o.problem = arguments.choice<std::optional<ProblemType>>("--problem", std::nullopt,
                                                           {{"single-label", ProblemType::single_label},
                                                            {"multi-label", ProblemType::multi_label},
                                                            {"regression", ProblemType::regression}});
  o.labels = comma_list(arguments.text("--labels", ""));
  o.columns.text = arguments.text("--column", "");
  o.columns.pair = arguments.text("--pair-column", "");
  o.columns.label = arguments.text("--label-column", "label");
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
  o.dropped = arguments.choice("--dropped", o.dropped, {{"merge", Dropped::merge}, {"discard", Dropped::discard}});
  o.shape = arguments.choice("--shape", o.shape,
                             {{"product", ProfileShape::running_product},
                              {"minimum", ProfileShape::running_minimum},
                              {"geometric", ProfileShape::geometric},
                              {"linear", ProfileShape::linear}});
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
  const uint64_t threads = arguments.whole("--threads", 0, 1, 1024);
  o.device = arguments.text("--device", "cpu");
  o.checkpoint_minutes = arguments.number("--checkpoint-minutes", o.checkpoint_minutes, 0, 1e6);
  o.evaluate_every = arguments.whole("--evaluate-every", o.evaluate_every, 0, 1 << 30);
  o.exporting.dtype = arguments.choice("--dtype", DType::f32, {{"f32", DType::f32}, {"f16", DType::f16}});
  o.exporting.temperature = arguments.number("--temperature", 1, 1e-3, 1e3);
  if (const Status status = arguments.done(); !status.ok()) return misuse(status);

  if (threads > 0) torch::set_num_threads(static_cast<int>(threads));
  const auto ask_to_stop = [](int) {
    stop_requested = true;
    std::signal(SIGINT, SIG_DFL);  // a second one ends it at once
  };
  std::signal(SIGINT, ask_to_stop);
  std::signal(SIGTERM, ask_to_stop);
  return finish(finetune(o, stop_requested));
}

int print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  return kDone;
}

int run(const std::vector<std::string>& words) {
  const std::string command = words.empty() ? "" : words[0];
  const auto is_help = [](const std::string& word) { return word == "--help" || word == "-h"; };
  if (is_help(command)) return print(kHelp);
  const bool help = words.size() > 1 && is_help(words[1]);
  const std::vector<std::string> rest(words.begin() + (words.empty() ? 0 : 1), words.end());
  if (command == "finetune") {
    return help ? print(kFinetuneHelp)
                : run_finetune(Arguments(rest, {"--resume", "--force", "--no-sandwich", "--no-distill"}));
  }
  return misuse(invalid_argument(command.empty() ? "which command?" : "unknown command " + command));
}

}  // namespace
}  // namespace latformer::train

int main(int argc, char** argv) { return latformer::train::run({argv + 1, argv + argc}); }
