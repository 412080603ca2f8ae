// What was measured, a line for each, in a file of comma-separated values that a run which was cut off goes on from.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <system_error>

#include "bench/native/model_folder.h"
#include "core/base/status.h"

namespace latformer {

class Record {
 public:
  // fields: the header, names with commas between them, of which the first `keys` say what a line is of. An empty path
  // is standard output, which remembers nothing. Errors: invalid_argument (the file cannot be written, or has another
  // header).
  static Result<Record> open(const std::string& path, const std::string& fields, size_t keys) {
    Record record;
    record.keys_ = keys;
    const std::string text = path.empty() ? std::string() : text_of(path);
    size_t end = 0;  // of the last whole line
    for (size_t at = 0; (at = text.find('\n', end)) != std::string::npos; end = at + 1) {
      const std::string line = text.substr(end, at - end);
      if (end == 0 && line != fields) return invalid_argument(path + " has other columns than this program writes");
      if (end > 0) record.known_.insert(record.key_of(line));
    }
    if (path.empty()) {
      record.file_.reset(stdout, [](std::FILE*) {});
    } else {
      std::error_code error;
      if (text.size() != end) std::filesystem::resize_file(path, end, error);  // half a line is written anew
      record.file_.reset(error ? nullptr : std::fopen(path.c_str(), "ab"), [](std::FILE* file) {
        if (file != nullptr) std::fclose(file);
      });
    }
    if (!record.file_) return invalid_argument("cannot write " + path);
    if (end == 0) LATFORMER_TRY(record.write(fields));
    return record;
  }

  bool has(const std::string& key) const { return known_.contains(key); }

  Status write(const std::string& line) {
    known_.insert(key_of(line));
    const bool written = std::fprintf(file_.get(), "%s\n", line.c_str()) > 0 && std::fflush(file_.get()) == 0;
    return written ? Status() : invalid_argument("what was measured cannot be written");
  }

 private:
  std::string key_of(const std::string& line) const {
    size_t end = 0;
    for (size_t i = 0; i < keys_ && end != std::string::npos; ++i) end = line.find(',', i == 0 ? 0 : end + 1);
    return line.substr(0, end);
  }

  size_t keys_ = 0;
  std::set<std::string> known_;
  std::shared_ptr<std::FILE> file_;
};

}  // namespace latformer
