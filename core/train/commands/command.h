// A command of latformer-train, a file each; the options that several of them have, and how they end.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/elimination/profile.h"
#include "core/format/safetensors.h"
#include "core/train/commands/arguments.h"
#include "core/train/data/examples.h"

namespace latformer::train {

struct Command {
  std::string_view name;
  std::string_view summary;  // one line
  std::string_view help;
  std::initializer_list<std::string_view> flags;  // options without a value
  int (*run)(Arguments);                          // the exit code
};

extern const Command kFinetune, kLabel, kProfile, kSearch, kSweep, kQuantize, kLanguage;

// Exit codes.
inline constexpr int kDone = 0, kFailed = 1, kMisused = 2, kInterrupted = 130;

int misuse(const Status& status);
int finish(const Status& status);  // tells an error
int print(std::string_view text);  // on stdout; kDone
// Errors: invalid_argument where a file of this path could not be made; empty paths can.
Status can_write(const std::string& path);

void take_columns(Arguments& arguments, ColumnNames& columns);
std::vector<std::filesystem::path> take_data(Arguments& arguments);
ProfileShape take_shape(Arguments& arguments);
Dropped take_dropped(Arguments& arguments);
DType take_dtype(Arguments& arguments);
std::optional<bool> take_compute(Arguments& arguments);  // whether in bf16; none: whichever is faster
void use_threads(uint64_t threads);                      // LibTorch's
// Uses as many; as there are cores if there is no such option.
void take_threads(Arguments& arguments);
// Numbers parted by commas; none if the option is not there.
std::vector<double> take_speedups(Arguments& arguments, const std::vector<double>& otherwise);
std::vector<double> take_budgets(Arguments& arguments);

}  // namespace latformer::train
