// latformer-train quantize: arguments of core/tools/quantize.h.
#include "core/tools/quantize.h"

#include <string>
#include <vector>

#include "core/train/commands/command.h"

namespace latformer::train {
namespace {

constexpr std::string_view kHelp =
    R"(usage: latformer-train quantize [--bits 4] [--force] SOURCE TARGET

Writes an int8 copy of a model folder, one scale per output channel, in the compressed-tensors convention; tells what was
lost in each part of the model. --bits 4: two weights in a byte, one scale for 64 of them; half the download.
)";

int run(Arguments arguments) {
  const int bits = arguments.choice("--bits", 8, {{"8", 8}, {"4", 4}});
  const QuantizeOptions options{.bits = bits, .force = arguments.flag("--force")};
  const std::vector<std::string> folders = arguments.rest();
  if (folders.size() != 2) arguments.complain("two folders are needed, SOURCE and TARGET");
  if (const Status status = arguments.done(); !status.ok()) return misuse(status);
  const auto report = quantize_folder(folders[0], folders[1], options);
  return report.ok() ? print(to_text(*report)) : finish(report.status());
}

}  // namespace

const Command kQuantize = {
    .name = "quantize", .summary = "an int8 or 4-bit copy", .help = kHelp, .flags = {"--force"}, .run = run};

}  // namespace latformer::train
