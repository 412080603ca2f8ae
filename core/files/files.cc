#include "core/files/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

namespace latformer {
namespace fs = std::filesystem;
namespace {

Status complaint(const fs::path& path, std::string_view what) {
  return invalid_argument(path.string() + ": " + std::string(what));
}
Status failure(const fs::path& path) { return complaint(path, std::strerror(errno)); }

}  // namespace

Result<InputFile> InputFile::open(const fs::path& path) {
  InputFile input;
  input.path_ = path;
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return errno == ENXIO ? complaint(path, "is no regular file") : failure(path);
  input.file_.reset(::fdopen(descriptor, "rb"));
  if (!input.file_) {
    ::close(descriptor);
    return failure(path);
  }
  struct stat facts = {};
  if (::fstat(descriptor, &facts) != 0) return failure(path);
  if (!S_ISREG(facts.st_mode)) return complaint(path, "is no regular file");
  input.size_ = static_cast<uint64_t>(facts.st_size);
  return input;
}

Status InputFile::read(uint64_t offset, std::span<std::byte> bytes) {
  if (fseeko(file_.get(), static_cast<off_t>(offset), SEEK_SET) != 0) return failure(path_);
  if (std::fread(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) {
    return complaint(path_, "ends too early, or cannot be read");
  }
  return {};
}

Result<OutputFile> OutputFile::create(const fs::path& path) {
  OutputFile output;
  output.path_ = path;
  output.file_.reset(std::fopen(path.c_str(), "wb"));
  if (!output.file_) return failure(path);
  return output;
}

Status OutputFile::write(std::span<const std::byte> bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) return failure(path_);
  return {};
}

Status OutputFile::close() {
  if (std::fclose(file_.release()) != 0) return failure(path_);
  return {};
}

Result<std::string> read_file(const fs::path& path, uint64_t most) {
  LATFORMER_ASSIGN(InputFile input, InputFile::open(path));
  if (input.size() > most) return complaint(path, "is larger than " + std::to_string(most >> 20) + " MiB");
  std::string text(input.size(), '\0');
  LATFORMER_TRY(input.read(0, std::as_writable_bytes(std::span(text))));
  return text;
}

Status write_file(const fs::path& path, std::string_view text) {
  LATFORMER_ASSIGN(OutputFile output, OutputFile::create(path));
  LATFORMER_TRY(output.write(std::as_bytes(std::span(text))));
  return output.close();
}

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

Status copy_if_there(std::string_view name, const fs::path& source, const fs::path& target) {
  if (!is_file(source / name)) return {};
  LATFORMER_ASSIGN(const std::string text, read_file(source / name));
  std::error_code error;
  fs::create_directories((target / name).parent_path(), error);
  if (error) return complaint(target / name, error.message());
  return write_file(target / name, text);
}

Status copy_if_there(std::span<const std::string_view> names, const fs::path& source, const fs::path& target) {
  for (const std::string_view name : names) LATFORMER_TRY(copy_if_there(name, source, target));
  return {};
}

Result<StagedFolder> StagedFolder::create(const fs::path& given, bool replace) {
  std::error_code error;
  fs::path target = fs::absolute(given, error).lexically_normal();
  if (error) return complaint(given, error.message());
  if (!target.has_filename()) target = target.parent_path();  // "model/" is "model"
  const fs::file_status status = fs::status(target, error);
  if (fs::exists(status)) {
    if (!fs::is_directory(status)) return complaint(given, "is there already, and no folder");
    if (!replace) return complaint(given, "is there already; --force replaces the model in it");
  }
  for (int attempt = 1; attempt < 100; ++attempt) {
    fs::path path = target;
    path += ".partial" + (attempt > 1 ? "-" + std::to_string(attempt) : std::string());
    if (fs::create_directory(path, error)) return StagedFolder(std::move(path), target);
    if (error) return complaint(path, error.message());
  }
  return complaint(target, "has too many .partial folders beside it");
}

Status StagedFolder::publish() {
  std::error_code error;
  if (!fs::exists(target_, error)) {
    fs::rename(path_, target_, error);
    if (error) return complaint(target_, error.message());
    path_.clear();
    return {};
  }
  std::vector<fs::path> names;  // also below folders in it
  for (fs::recursive_directory_iterator entry(path_, error), end; !error && entry != end; entry.increment(error)) {
    if (!entry->is_directory(error)) names.push_back(entry->path().lexically_relative(path_));
  }
  if (error) return complaint(path_, error.message());
  for (const fs::path& name : names) {
    fs::create_directories((target_ / name).parent_path(), error);
    if (!error) fs::rename(path_ / name, target_ / name, error);
    if (error) return complaint(target_ / name, error.message());
  }
  std::vector<std::string_view> of_model = {"config.json", "model.safetensors", "profile.json"};
  of_model.insert(of_model.end(), kTokenizerFiles.begin(), kTokenizerFiles.end());
  of_model.insert(of_model.end(), kVocabularyFiles.begin(), kVocabularyFiles.end());
  of_model.insert(of_model.end(), kGenerationFiles.begin(), kGenerationFiles.end());
  of_model.insert(of_model.end(), kSentenceFiles.begin(), kSentenceFiles.end());
  for (const std::string_view name : of_model) {
    if (std::ranges::find(names, name) != names.end()) continue;
    fs::remove(target_ / name, error);
    if (error) return complaint(target_ / name, error.message());
  }
  return {};
}

StagedFolder::StagedFolder(StagedFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})), target_(std::move(other.target_)) {}

StagedFolder::~StagedFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

}  // namespace latformer
