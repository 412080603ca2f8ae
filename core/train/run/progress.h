// How far a run is, for who watches and for who looks later: a line on the terminal that is written over (elsewhere a
// line each minute), with the time that is left of the stage, and log.jsonl.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/files/files.h"
#include "core/train/run/plan.h"
#include "core/train/run/trainer.h"

namespace latformer::train {

class Progress {
 public:
  // `done` steps of the plan lie behind. The log is added to; without a path, nothing is logged and nothing shown.
  static Result<Progress> open(const std::filesystem::path& log, uint64_t done, const Plan& plan);

  // Errors: the log cannot be written.
  Status step(uint64_t step, const StepReport& report);
  // The metric at each speedup on texts of `what` ("held_out", "dev").
  Status measured(uint64_t step, std::string_view what, std::string_view metric,
                  const std::vector<std::pair<double, double>>& values);
  // A line that stays.
  void say(const std::string& text);
  Status log(const std::string& json_line);

 private:
  Progress() = default;
  void show(bool final);

  File log_;
  bool terminal_ = false;
  std::chrono::steady_clock::time_point start_, shown_;
  std::chrono::steady_clock::time_point stage_start_;  // of what this process did of the stage
  uint64_t stage_first_ = 0;                           // the step that it began with
  uint64_t teacher_steps_ = 0, steps_ = 0, step_ = 0;
  uint64_t tokens_ = 0;  // since start_
  uint64_t stage_tokens_ = 0;
  double loss_ = 0;  // running mean
  bool has_loss_ = false;
  std::string stage_, metric_;
};

}  // namespace latformer::train
