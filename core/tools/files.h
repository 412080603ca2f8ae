// Files of model folders for the native tools, with errors as Status: invalid_argument, naming the path and what the
// system says of it.
#pragma once

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

Result<std::string> read_file(const std::filesystem::path& path);
Status write_file(const std::filesystem::path& path, std::string_view text);
bool is_file(const std::filesystem::path& path);

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
