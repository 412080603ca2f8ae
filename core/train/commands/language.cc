// latformer-train language: arguments of run/language.h.
#include "core/train/run/language.h"

#include <csignal>
#include <cstdio>

#include "core/train/commands/command.h"

namespace latformer::train {
namespace {

constexpr std::string_view kHelp =
    R"(usage: latformer-train language --model DIR --data FILE.txt --valid FILE.txt --work DIR --target DIR [options]

Trains a GPT-2 or Llama on running text; with --max-speedup above 1 also to do with shorter prompts: the whole model
teaches itself on prompts of which rows are dropped. Tells perplexity as it goes. Stopped, --resume goes on where it was.

  --model DIR         a Hugging Face folder; without model.safetensors it is trained from nothing
  --data, --valid     plain text in UTF-8; each may come several times
  --work DIR          for checkpoint.pt and log.jsonl;  --resume, --force
  --target DIR        the folder to make
  --steps N (1000), --batch N windows (8), of which --slice N (2) run at once, --length N tokens each (512)
  --lr X (0.0003), --warm-up X (0.02), --weight-decay X (0.1), --clip X (1), --dropout X (0)
  --max-speedup X     1: plain training;  --prompt-share X (0.75) of a window is its prompt, on average
  --score KIND        contrast (default), largest_head, mean, learned or recent;  --tail-share X (0.5)
  --layer N (2)       that drops first; --progressive: from there on a little in each, and not all at once
  --scorers           a scorer for each layer, which learns what later layers attend to; --scorers-alone: nothing else
  --recall FILE.jsonl --recall-share X: so many of the steps are items of bench/decoders/recall.mjs
  --evaluate-every N (200), --evaluate-windows N (16), --checkpoint-minutes X (10)
  --seed N, --threads N, --compute auto|f32|bf16, --dtype f32|f16: as for finetune
)";

volatile bool stop_language = false;

int run(Arguments arguments) {
  LanguageOptions o;
  o.model = arguments.text("--model");
  o.data = take_data(arguments);
  for (const std::string& file : arguments.texts("--valid")) o.valid.emplace_back(file);
  if (o.valid.empty()) arguments.complain("--valid is needed");
  o.work = arguments.text("--work");
  o.target = arguments.text("--target");
  const std::string recall = arguments.text("--recall", "");
  if (!recall.empty()) o.recall = recall;
  o.recall_share = arguments.number("--recall-share", recall.empty() ? 0 : 0.1, 0, 1);
  o.steps = arguments.whole("--steps", o.steps, 1, 1 << 30);
  o.batch = static_cast<uint32_t>(arguments.whole("--batch", o.batch, 1, 1 << 16));
  o.slice = static_cast<uint32_t>(arguments.whole("--slice", o.slice, 1, 1 << 16));
  o.length = static_cast<uint32_t>(arguments.whole("--length", o.length, 8, 1 << 20));
  o.learning_rate = arguments.number("--lr", o.learning_rate, 0, 1);
  o.warm_up = arguments.number("--warm-up", o.warm_up, 0, 1);
  o.weight_decay = arguments.number("--weight-decay", o.weight_decay, 0, 1);
  o.clip = arguments.number("--clip", o.clip, 1e-9, 1e9);
  o.dropout = arguments.number("--dropout", o.dropout, 0, 0.9);
  o.max_speedup = arguments.number("--max-speedup", o.max_speedup, 1, 1000);
  o.prompt_share = arguments.number("--prompt-share", o.prompt_share, 0.5, 0.98);
  o.elimination.score = arguments.choice("--score", o.elimination.score,
                                         {{"contrast", PromptScore::contrast},
                                          {"largest_head", PromptScore::largest_head},
                                          {"mean", PromptScore::mean},
                                          {"learned", PromptScore::learned},
                                          {"recent", PromptScore::recent}});
  o.elimination.tail_share = arguments.number("--tail-share", o.elimination.tail_share, 0, 1);
  o.layer = static_cast<uint32_t>(arguments.whole("--layer", o.layer, 0, 1 << 10));
  o.progressive = arguments.flag("--progressive");
  o.scorers_alone = arguments.flag("--scorers-alone");
  o.scorers = arguments.flag("--scorers") || o.scorers_alone;
  if (o.scorers && o.max_speedup <= 1) arguments.complain("--scorers needs --max-speedup above 1");
  o.evaluate_every = arguments.whole("--evaluate-every", o.evaluate_every, 1, 1 << 30);
  o.evaluate_windows = static_cast<uint32_t>(arguments.whole("--evaluate-windows", o.evaluate_windows, 1, 1 << 20));
  o.checkpoint_minutes = arguments.number("--checkpoint-minutes", o.checkpoint_minutes, 0, 1e6);
  o.seed = arguments.whole("--seed", o.seed, 0, UINT64_MAX);
  take_threads(arguments);
  o.bf16 = take_compute(arguments);
  o.dtype = take_dtype(arguments);
  o.resume = arguments.flag("--resume");
  o.force = arguments.flag("--force");
  if (const Status status = arguments.done(); !status.ok()) return misuse(status);
  const auto ask_to_stop = [](int) {
    stop_language = true;
    std::signal(SIGINT, SIG_DFL);  // a second one ends it at once
  };
  std::signal(SIGINT, ask_to_stop);
  std::signal(SIGTERM, ask_to_stop);
  return finish(
      train_language(o, [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }, stop_language));
}

}  // namespace

const Command kLanguage = {.name = "language",
                           .summary = "trains a decoder on running text, and to do with shorter prompts",
                           .help = kHelp,
                           .flags = {"--resume", "--force", "--progressive", "--scorers", "--scorers-alone"},
                           .run = run};

}  // namespace latformer::train
