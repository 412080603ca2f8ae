// The files of a model folder -> what a loader makes of them. Plain C files, so that it also runs as WebAssembly.
#pragma once

#include <array>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/tasks/model_files.h"

namespace latformer {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

// Hands the bytes of a file on, part by part; false if there is no such file.
template <class Take>
Result<bool> read_parts(const std::string& path, const Take& take) {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rb"));
  if (!file) return false;
  std::vector<std::byte> part(1 << 20);
  while (std::feof(file.get()) == 0 && std::ferror(file.get()) == 0) {
    const size_t size = std::fread(part.data(), 1, part.size(), file.get());
    LATFORMER_TRY(take(std::span<const std::byte>(part.data(), size)));
  }
  return true;
}

// The whole of a small file; empty if it is absent.
inline std::string text_of(const std::string& path) {
  std::string text;
  const Result<bool> there = read_parts(path, [&](std::span<const std::byte> part) {
    text.append(reinterpret_cast<const char*>(part.data()), part.size());
    return Status();
  });
  return there.ok() ? text : std::string();
}

// The small files of a folder.
struct FolderTexts {
  std::array<std::string, kModelFiles.size()> texts;
  ModelFiles files;

  explicit FolderTexts(const std::string& folder) {
    for (size_t i = 0; i < texts.size(); ++i) {
      texts[i] = text_of(folder + "/" + std::string(kModelFiles[i].name));
      files.*kModelFiles[i].text = texts[i];
    }
  }
};

// model.safetensors of a folder through a loader's append().
template <class Loader>
Status read_weights(const std::string& folder, Loader& loader) {
  const std::string weights = folder + "/model.safetensors";
  LATFORMER_ASSIGN(const bool there, read_parts(weights, [&](auto part) { return loader.append(part); }));
  return there ? Status() : invalid_argument("cannot read " + weights);
}

}  // namespace latformer
