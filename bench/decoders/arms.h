// A decoder's folder, and the ways in which its prompts are made shorter: arms.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/elimination/profile.h"
#include "core/models/decoder/decoder.h"
#include "core/tasks/generation/prompt_plan.h"
#include "core/tasks/load_options.h"
#include "core/text/tokenizer.h"

namespace latformer {

struct Settings {
  std::vector<std::string> arms = {"sentences", "cut", "random@4", "recent@1", "h2o@1"};
  std::vector<double> speedups = {1.5, 2, 3, 3.72, 5};
  std::vector<uint32_t> prompts = {256};
  uint32_t tokens = 64, count = 16;
  double tail = 0.5;
  std::string dtype = "fp32", csv;
  LoadOptions load{};
};

// From "--name value" pairs. Errors: invalid_argument.
Result<Settings> parse_settings(std::span<char*> arguments);

struct Arms {
  std::unique_ptr<DecoderModel> model;
  Tokenizer tokenizer;
  std::vector<bool> ends;  // of each token: whether a sentence may end with it
  Profile own;             // the folder's, or the default
  double tail;

  static Result<Arms> open(const std::string& folder, const Settings& settings);

  Result<std::vector<int32_t>> encode(std::string_view text) const;
  // How `arm` reads the prompt; `how` is what DecoderModel::run wants to know besides. Errors: invalid_argument (no
  // such arm).
  Result<PromptPlan> plan(std::string_view arm, std::span<const int32_t> prompt, double speedup,
                          PromptElimination& how) const;
};

}  // namespace latformer
