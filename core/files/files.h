// Files of model folders for the native tools, with errors as Status: invalid_argument, naming the path and what the
// system says of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/base/status.h"

namespace latformer {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

class InputFile {
 public:
  // Of regular files alone, and never waiting: a pipe or a device might not end.
  static Result<InputFile> open(const std::filesystem::path& path);
  // Fills `bytes` with what stands at `offset`. An error if the file ends before.
  Status read(uint64_t offset, std::span<std::byte> bytes);
  uint64_t size() const { return size_; }

 private:
  std::filesystem::path path_;
  File file_;
  uint64_t size_ = 0;
};

class OutputFile {
 public:
  static Result<OutputFile> create(const std::filesystem::path& path);
  Status write(std::span<const std::byte> bytes);
  Status close();  // what is not closed may not be complete

 private:
  std::filesystem::path path_;
  File file_;
};

// The most that a file of a model may have that is not its weights.
inline constexpr uint64_t kLargestText = uint64_t{128} << 20;

// Errors: also one of more than `most` bytes.
Result<std::string> read_file(const std::filesystem::path& path, uint64_t most = kLargestText);
Status write_file(const std::filesystem::path& path, std::string_view text);
bool is_file(const std::filesystem::path& path);

// What the tokenizer of a model folder is read from; vocabularies of their own where there is no tokenizer.json.
inline constexpr std::array<std::string_view, 4> kTokenizerFiles = {"tokenizer.json", "tokenizer_config.json",
                                                                    "special_tokens_map.json", "added_tokens.json"};
inline constexpr std::array<std::string_view, 3> kVocabularyFiles = {"vocab.txt", "vocab.json", "merges.txt"};
// How a model generates text.
inline constexpr std::array<std::string_view, 2> kGenerationFiles = {"generation_config.json", "chat_template.jinja"};
// What makes sentence-transformers' folder of an encoder; not all of them need be there.
inline constexpr std::array<std::string_view, 6> kSentenceFiles = {
    "modules.json",          "sentence_bert_config.json", "config_sentence_transformers.json",
    "1_Pooling/config.json", "2_Dense/config.json",       "2_Dense/model.safetensors"};
// What tells who made a model.
inline constexpr std::array<std::string_view, 3> kLicenceFiles = {"LICENSE", "LICENSE.txt", "NOTICE"};

// Copies a file of one folder to another, if it is there, or those of several; they may stand in folders of their own.
Status copy_if_there(std::string_view name, const std::filesystem::path& source, const std::filesystem::path& target);
Status copy_if_there(std::span<const std::string_view> names, const std::filesystem::path& source,
                     const std::filesystem::path& target);

// A folder that is made aside, as "<target>.partial", and takes its place only when it is complete. What was not
// published goes away with the object.
class StagedFolder {
 public:
  // Errors: the target is there and not to be replaced, or cannot be made.
  static Result<StagedFolder> create(const std::filesystem::path& target, bool replace);
  const std::filesystem::path& path() const { return path_; }
  // Renames the folder to its target, or, where that is there already, each of its files into it; files of the model
  // that was there go, others stay.
  Status publish();

  StagedFolder(StagedFolder&& other) noexcept;
  StagedFolder& operator=(StagedFolder&&) = delete;
  ~StagedFolder();

 private:
  StagedFolder(std::filesystem::path path, std::filesystem::path target)
      : path_(std::move(path)), target_(std::move(target)) {}
  std::filesystem::path path_;  // empty when there is nothing to take away
  std::filesystem::path target_;
};

}  // namespace latformer
