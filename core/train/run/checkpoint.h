// A run's state in one file, from which it goes on as if it had never stopped.
//
// Whatever else a run needs (batches, random speedups, dropout) follows from its settings and the number of the step.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "core/base/status.h"
#include "core/elimination/profile.h"
#include "core/train/modules/module.h"
#include "core/train/run/settings.h"

namespace torch::optim {
class AdamW;
}

namespace latformer::train {

struct Progressed {
  uint64_t step = 0;               // steps done
  std::optional<Profile> profile;  // once it is known
  // Of what is measured on --dev at the end of each epoch; none yet where best_step is 0.
  double best_score = 0;
  uint64_t best_step = 0;
  uint64_t epochs_since = 0;  // without a better one
};

// Written aside, then renamed: a file of this name is always whole. `settings` is what the run was started with.
// Errors: invalid_argument when the file cannot be written.
Status save_checkpoint(const std::filesystem::path& path, const Settings& settings, const Progressed& progressed,
                       const Module& module, const torch::optim::AdamW& optimizer);

// Errors: invalid_argument: the file cannot be read, or is of a run with other settings (which tells those that
// differ).
Result<Progressed> load_checkpoint(const std::filesystem::path& path, const Settings& settings, Module& module,
                                   torch::optim::AdamW& optimizer);

// The settings that a checkpoint was written with, and nothing else of it.
Result<Settings> settings_in_checkpoint(const std::filesystem::path& path);

// The weights alone: of the best state so far.
Status save_weights(const std::filesystem::path& path, const Module& module);
Status load_weights(const std::filesystem::path& path, Module& module);

}  // namespace latformer::train
