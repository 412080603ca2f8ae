// The command latformer-quantize: arguments and printing only, see quantize.h.
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "core/tools/quantize.h"

namespace {

constexpr std::string_view kHelp = R"(usage: latformer-quantize [--bits 4] [--force] SOURCE TARGET

Writes an int8 or 4-bit copy of the Hugging Face folder of a BERT, DistilBERT, GPT-2 or Llama.

  SOURCE   a folder with config.json and model.safetensors (F32, F16 or BF16)
  TARGET   the folder to make: its matrices are int8 with one scale per output channel (embeddings: per word), in the
           compressed-tensors convention, which Latformer and Python's transformers load; tokenizer files and
           profile.json come along

  --bits 4 instead: two weights in a byte, one scale for 64 of them; half the download, a little less exact
  --force  replace the model in a TARGET that is there already; its other files stay
  --help   show this

The last column shows, for each part of the model, the tensor that lost most: |W - quantised W| / |W|.
Exit codes: 0 done, 1 the model or a file is at fault (nothing is left at TARGET), 2 wrong usage.
)";

int misuse(const std::string& what) {
  std::fprintf(stderr, "latformer-quantize: %s\nTry latformer-quantize --help.\n", what.c_str());
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  latformer::QuantizeOptions options;
  std::vector<std::string_view> folders;
  bool only_folders = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (only_folders || !argument.starts_with('-')) {
      folders.push_back(argument);
    } else if (argument == "--") {
      only_folders = true;
    } else if (argument == "--bits" || argument.starts_with("--bits=")) {
      const std::string_view bits = argument != "--bits" ? argument.substr(7) : i + 1 < argc ? argv[++i] : "";
      if (bits != "4" && bits != "8") return misuse("--bits is 4 or 8");
      options.bits = bits == "4" ? 4 : 8;
    } else if (argument == "--force") {
      options.force = true;
    } else if (argument == "--help" || argument == "-h") {
      std::fwrite(kHelp.data(), 1, kHelp.size(), stdout);
      return 0;
    } else {
      return misuse("unknown option " + std::string(argument));
    }
  }
  if (folders.size() != 2) return misuse("two folders are needed, SOURCE and TARGET");

  const auto report = latformer::quantize_folder(folders[0], folders[1], options);
  if (!report.ok()) {
    std::fprintf(stderr, "latformer-quantize: %s\n", report.status().message().c_str());
    return 1;
  }
  const std::string text = to_text(*report);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}
