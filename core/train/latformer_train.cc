// The command latformer-train: which command is meant.
#include <array>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "core/train/commands/command.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace latformer::train {
namespace {

constexpr std::array<const Command*, 7> kCommands = {&kFinetune, &kLabel,    &kProfile, &kSearch,
                                                     &kSweep,    &kQuantize, &kLanguage};

std::string help() {
  std::string text =
      "usage: latformer-train COMMAND [options]\n\n"
      "Makes a Hugging Face BERT, GPT-2 or Llama adjustable: docs/own-model.md shows the way.\n\n";
  for (const Command* command : kCommands) {
    text += "  " + std::string(command->name) + std::string(11 - command->name.size(), ' ');
    text += std::string(command->summary) + "\n";
  }
  return text +
         "\nlatformer-train COMMAND --help tells a command's options.\n"
         "Exit codes: 0 done, 1 data, model or files are at fault, 2 wrong usage, 130 interrupted.\n";
}

int run(const std::vector<std::string>& words) {
  const auto is_help = [](const std::string& word) { return word == "--help" || word == "-h"; };
  if (words.empty()) return misuse(invalid_argument("which command?"));
  if (is_help(words[0])) return print(help());
  for (const Command* command : kCommands) {
    if (words[0] != command->name) continue;
    if (words.size() > 1 && is_help(words[1])) return print(command->help);
    return command->run(Arguments({words.begin() + 1, words.end()}, command->flags));
  }
  return misuse(invalid_argument("unknown command " + words[0]));
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
