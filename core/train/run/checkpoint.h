// A run's state in one file, from which it goes on as if it had never stopped.
//
// Whatever else a run needs (batches, random speedups, dropout) follows from its settings and the number of the step.
#pragma once

#include <torch/optim/adamw.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "core/base/status.h"
#include "core/elimination/profile.h"
#include "core/train/modules/bert_module.h"

namespace latformer::train {

struct Progressed {
  uint64_t step = 0;               // steps done
  std::optional<Profile> profile;  // once it is known
};

// Written aside, then renamed: a file of this name is always whole. `settings` is what the run was started with.
// Errors: invalid_argument when the file cannot be written.
Status save_checkpoint(const std::filesystem::path& path, const std::string& settings, const Progressed& progressed,
                       const BertModule& module, const torch::optim::AdamW& optimizer);

// Errors: invalid_argument: the file cannot be read, or is of a run with other settings.
Result<Progressed> load_checkpoint(const std::filesystem::path& path, const std::string& settings, BertModule& module,
                                   torch::optim::AdamW& optimizer);

}  // namespace latformer::train
