// What a run is about to do, told before its first step, and how fast it does that.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/elimination/schedule.h"
#include "core/train/data/examples.h"
#include "core/train/modules/module.h"
#include "core/train/run/options.h"
#include "core/train/run/plan.h"

namespace latformer::train {

// What a run learns from, and what it is measured on.
struct RunData {
  std::vector<Example> training, held_out, dev;
  Classes classes;
  size_t truncated = 0;  // texts cut to max_tokens
  size_t too_short = 0;  // texts left out for min_tokens
};

// Bytes that a run needs: its files at their largest, and memory, about.
struct Needs {
  double work = 0, target = 0, memory = 0;
};
Needs needs_of(const Module& module, const FinetuneOptions& options, const RunData& data, const Plan& plan);

// Several lines: texts and classes with what looks wrong of them, steps of each kind, the model, memory and disk.
std::string summary_of(const FinetuneOptions& options, const RunData& data, const Module& module, const Plan& plan,
                       const Needs& needs);

// Runs a few steps of each kind, which change the module, and tells from them the pace of each stage and the time that
// the whole plan takes. Errors: those of run_step.
Result<std::string> pace_of(const FinetuneOptions& options, const RunData& data, Scheduler& scheduler, Module& module,
                            const Plan& plan);

// Errors: invalid_argument where the disk of `path` (or of what is to hold it) has less than `bytes` left.
Status check_space(const std::filesystem::path& path, double bytes);

}  // namespace latformer::train
