// latformer-train label: arguments of run/label.h.
#include "core/train/run/label.h"

#include <cstdio>

#include "core/train/commands/command.h"

namespace latformer::train {
namespace {

constexpr std::string_view kHelp =
    R"(usage: latformer-train label --model DIR --data FILE --target FILE.jsonl [options]

Keeps what a model says of texts in a file that smaller models learn from (finetune --logits-column logits). Texts need no
labels. Stopped, the same command goes on where it was.

  --model DIR         a Hugging Face folder with a classifier
  --data FILE         texts: .tsv, .csv, .jsonl or .json; may come several times
  --target FILE       the file to make, .jsonl
  --sentences         label each sentence of a text by itself
  --limit N           texts (or sentences) drawn by chance; default: all
  --min-tokens N      shorter ones are left out
  --max-tokens N      longer ones are cut; default: the model's positions
  --batch-tokens N    default 4096; --batch-texts N, default 64
  --compute KIND      auto (default), f32 or bf16
  --column, --pair-column, --label-column NAME, --seed N, --threads N: as for finetune
)";

int run(Arguments arguments) {
  LabelOptions o;
  o.model = arguments.text("--model");
  o.data = take_data(arguments);
  take_columns(arguments, o.columns);
  o.target = arguments.text("--target");
  o.sentences = arguments.flag("--sentences");
  o.limit = arguments.whole("--limit", o.limit, 1, 1 << 30);
  o.min_tokens = arguments.whole("--min-tokens", o.min_tokens, 0, 1 << 20);
  o.max_tokens = arguments.whole("--max-tokens", o.max_tokens, 8, 1 << 20);
  o.batches.max_tokens = arguments.whole("--batch-tokens", o.batches.max_tokens, 1, 1 << 24);
  o.batches.max_texts = arguments.whole("--batch-texts", o.batches.max_texts, 1, 1 << 20);
  o.bf16 = take_compute(arguments);
  o.seed = arguments.whole("--seed", o.seed, 0, UINT64_MAX);
  take_threads(arguments);
  if (const Status status = arguments.done(); !status.ok()) return misuse(status);
  const auto count = label(o, [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); });
  if (!count.ok()) return finish(count.status());
  std::printf("%zu texts\n", *count);
  return kDone;
}

}  // namespace

const Command kLabel = {.name = "label",
                        .summary = "keeps what a larger model says of texts, to learn from",
                        .help = kHelp,
                        .flags = {"--sentences"},
                        .run = run};

}  // namespace latformer::train
