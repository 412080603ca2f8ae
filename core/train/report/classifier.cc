#include "core/train/report/classifier.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/files/files.h"
#include "core/train/modules/model_folder.h"

namespace latformer::train {

Result<Classifier> open_classifier(const std::filesystem::path& folder, size_t threads) {
  LATFORMER_ASSIGN(const FolderTexts texts, FolderTexts::read(folder));
  LATFORMER_ASSIGN(ClassifierLoader loader, ClassifierLoader::create(texts.files, {.threads = threads}));
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
