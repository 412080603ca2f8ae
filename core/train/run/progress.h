// How far a run is, for who watches and for who looks later: a line on the terminal that is written over, and
// log.jsonl.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/files/files.h"
#include "core/train/run/trainer.h"

namespace latformer::train {

class Progress {
 public:
  // `done` steps of `steps` lie behind. The log is added to; without a path, nothing is logged and nothing shown.
  static Result<Progress> open(const std::filesystem::path& log, uint64_t done, uint64_t steps);

  // Errors: the log cannot be written.
  Status step(uint64_t step, std::string_view stage, const StepReport& report);
  // The metric at each speedup, on texts held out.
  Status measured(uint64_t step, std::string_view metric, const std::vector<std::pair<double, double>>& values);
  // A line that stays.
  void say(const std::string& text);
  Status log(const std::string& json_line);

 private:
  Progress() = default;
  void show(bool final);

  File log_;
  bool terminal_ = false;
  std::chrono::steady_clock::time_point start_, shown_;
  uint64_t done_before_ = 0, steps_ = 0, step_ = 0;
  uint64_t tokens_ = 0;  // since start_
  double loss_ = 0;      // running mean
  bool has_loss_ = false;
  std::string stage_, metric_;
};

}  // namespace latformer::train
