// latformer-train finetune: arguments of run/finetune.h.
#include "core/train/run/finetune.h"

#include <atomic>
#include <csignal>

#include "core/train/commands/command.h"

namespace latformer::train {
namespace {

constexpr std::string_view kHelp =
    R"(usage: latformer-train finetune --model DIR --data FILE --work DIR --target DIR [options]

Teacher stage, measuring of ACC, elimination stage; then the model with its profile.json, in a folder that Python's
transformers and Latformer load. Started by torchrun, several processes train one model (they share each batch).

  --model DIR            a Hugging Face BERT folder, with or without a classifier
  --data FILE            labelled texts: .tsv, .csv, .jsonl or .json (UTF-8); may come several times. Without labels
                         also .txt, a text a line
  --work DIR             for checkpoints and log.jsonl; Ctrl-C leaves a checkpoint too
  --target DIR           the folder to make
  --resume               go on from the checkpoint in WORK
  --dry-run              tell classes, steps, pace, time, memory and disk needed, and train nothing
  --force                replace the model in a TARGET that is there already

The task
  --problem KIND         single-label, multi-label or regression; by default the model's, else single-label.
                         embedding: texts without labels, of which the model learns to make its own vectors with fewer
                         words; of a folder of sentence-transformers, or an encoder, whose vector is the mean
  --labels A,B,...       names of the labels in order of their numbers; by default the model's, else those in the data
  --column NAME          the text; default: text, else sentence
  --pair-column NAME     the second text of a pair; default: text_pair, if --column is not given
  --label-column NAME    default: label. Of several labels: a JSON list, or parted by commas
  --layers N             take only the model's first N layers: a smaller model to compare with
  --logits-column NAME   learn from what a larger model said of each text (latformer-train label), not from labels
  --max-tokens N         longer texts are cut; default 128
  --min-tokens N         shorter texts are not trained on: of those, elimination leaves nothing to learn from
  --holdout N            texts left out of training, to be measured on; default 500, at most a tenth, and 0 with --dev.
                         None shares four words in a row with a text that is trained on
  --dev FILE             texts to measure at the end of each epoch; the best epoch is the result. May come several times
  --patience N           end after so many epochs that were no better; default 0: never

Stages
  --teacher-epochs X     ordinary fine-tuning; default 3; of embeddings there is none
  --epochs X             with elimination; default 3
  --learning-rate X      of the elimination stage; default 5e-5
  --teacher-learning-rate X   default 5e-5
  --target-speedup X     what the model is trained up to; default 6
  --reach X              speeds are drawn from 1 up to X times that, evenly in their logarithm; default 1.15
  --target-pass          one of the two pruned passes of a step is always at the target speedup
  --ramp X               share of the elimination stage until the top is reached; default 0.2
  --min-rows N           at least so many rows leave the first layer in training; default 4
  --full-every N         the full model runs in each N-th step alone; default 1. With logits, so that pruned passes have
                         what to learn from
  --pruned-batch N       steps without it have batches N times as large; default 1
  --no-sandwich          only the pruned model learns in each step, as in the paper
  --no-distill           pruned models learn from labels instead of from the full model
  --hidden-weight X      how much the distance of [CLS] after the last layer counts in distillation; default 0
  --rows-weight X        and how much that of all rows that are kept, after every layer; default 0
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
  --compute KIND         of the products: auto (default), f32 or bf16; auto takes what is faster on this machine
  --checkpoint-minutes X default 5
  --evaluate-every N     steps between measurements on what is held out, default 500; 0: only at the end
  --dtype KIND           of the weights written: f32 (default) or f16
)";

std::atomic<bool> stop_requested = false;

int run(Arguments arguments) {
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
                                                            {"regression", ProblemType::regression},
                                                            {"embedding", ProblemType::embedding}});
  o.labels = comma_list(arguments.text("--labels", ""));
  take_columns(arguments, o.columns);
  o.layers = static_cast<uint32_t>(arguments.whole("--layers", 0, 1, 1000));
  o.max_tokens = arguments.whole("--max-tokens", o.max_tokens, 8, 1 << 20);
  o.columns.logits = arguments.text("--logits-column", "");
  o.min_tokens = arguments.whole("--min-tokens", o.min_tokens, 0, 1 << 20);
  for (const std::string& file : arguments.texts("--dev")) o.dev.emplace_back(file);
  o.patience = arguments.whole("--patience", o.patience, 0, 1 << 20);
  o.holdout = arguments.whole("--holdout", o.dev.empty() ? o.holdout : 0, 0, 1 << 30);
  o.dry_run = arguments.flag("--dry-run");

  TrainOptions& t = o.train;
  if (o.problem == ProblemType::embedding) t.teacher.epochs = 0;
  t.teacher.epochs = arguments.number("--teacher-epochs", t.teacher.epochs, 0, 1000);
  t.elimination.epochs = arguments.number("--epochs", t.elimination.epochs, 0, 1000);
  if (t.teacher.epochs + t.elimination.epochs == 0) arguments.complain("no epoch is left to train");
  t.elimination.learning_rate = arguments.number("--learning-rate", t.elimination.learning_rate, 0, 1e6);
  t.teacher.learning_rate = arguments.number("--teacher-learning-rate", t.teacher.learning_rate, 0, 1e6);
  t.target_speedup = arguments.number("--target-speedup", t.target_speedup, 1, 100);
  t.ramp = arguments.number("--ramp", t.ramp, 0, 1);
  t.reach = arguments.number("--reach", t.reach, 1, 10);
  t.target_pass = arguments.flag("--target-pass");
  t.min_rows = static_cast<uint32_t>(arguments.whole("--min-rows", t.min_rows, 0, 1 << 20));
  t.full_every = static_cast<uint32_t>(arguments.whole("--full-every", t.full_every, 1, 1 << 20));
  t.pruned_batch = static_cast<uint32_t>(arguments.whole("--pruned-batch", t.pruned_batch, 1, 1 << 10));
  t.sandwich = !arguments.flag("--no-sandwich");
  if (!t.sandwich && t.full_every > 1) arguments.complain("--full-every has no say beside --no-sandwich");
  t.distill = !arguments.flag("--no-distill");
  t.hidden_weight = arguments.number("--hidden-weight", t.hidden_weight, 0, 1e6);
  t.rows_weight = arguments.number("--rows-weight", t.rows_weight, 0, 1e6);
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
  o.bf16 = take_compute(arguments);
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

}  // namespace

const Command kFinetune = {.name = "finetune",
                           .summary = "teaches a model a task, and to do with fewer words",
                           .help = kHelp,
                           .flags = {"--resume", "--force", "--no-sandwich", "--no-distill", "--target-pass",
                                     "--dry-run", "--freeze-embeddings"},
                           .run = run};

}  // namespace latformer::train
