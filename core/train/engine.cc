#include "core/train/engine.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/files/files.h"

namespace latformer::train {

Result<Classifier> open_engine(const std::filesystem::path& folder, size_t threads) {
  const auto read_if_there = [&](const char* name) -> Result<std::string> {
    return is_file(folder / name) ? read_file(folder / name) : std::string();
  };
  LATFORMER_ASSIGN(const std::string config, read_file(folder / "config.json"));
  LATFORMER_ASSIGN(const std::string tokenizer, read_if_there("tokenizer.json"));
  LATFORMER_ASSIGN(const std::string tokenizer_config, read_if_there("tokenizer_config.json"));
  LATFORMER_ASSIGN(const std::string vocab, read_if_there("vocab.txt"));
  LATFORMER_ASSIGN(const std::string profile, read_if_there("profile.json"));
  const ModelFiles files{.config_json = config,
                         .tokenizer_json = tokenizer,
                         .tokenizer_config_json = tokenizer_config,
                         .vocab_txt = vocab,
                         .profile_json = profile};
  LATFORMER_ASSIGN(ClassifierLoader loader, ClassifierLoader::create(files, {.threads = threads}));
  LATFORMER_ASSIGN(InputFile weights, InputFile::open(folder / "model.safetensors"));
  std::vector<std::byte> part(size_t{1} << 20);
  for (uint64_t at = 0; at < weights.size();) {
    const auto bytes = std::span(part).first(std::min<uint64_t>(part.size(), weights.size() - at));
    LATFORMER_TRY(weights.read(at, bytes));
    LATFORMER_TRY(loader.append(bytes));
    at += bytes.size();
  }
  return loader.finish();
}

TextInput text_input(const LabelledText& text) {
  const auto pair = text.pair ? std::optional<std::string_view>(*text.pair) : std::nullopt;
  return {.text = text.text, .text_pair = pair};
}

std::string folder_name(const std::filesystem::path& folder) {
  const std::filesystem::path whole = std::filesystem::absolute(folder).lexically_normal();
  return (whole.has_filename() ? whole : whole.parent_path()).filename().string();
}

}  // namespace latformer::train
