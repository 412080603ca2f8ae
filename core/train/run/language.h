// Training of a decoder on running text: from nothing, or to do with shorter prompts.
//
//   step      a batch of windows; of each the first share is the prompt
//   full      -log p of every token, by the whole model
//   pruned    KL(full || pruned) behind the prompt, at a speedup drawn anew for each step, rows dropped in the layers
//   scorers   KL of what a layer's scorer keeps against what later layers attend to (attention_loss)
//
// A share of the steps may be recall items: a question about a text, and its answer, which alone counts. Every window,
// speedup and dropout follows from the seed and the number of the step, so that a run that was stopped goes on with the
// same bits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/elimination/prompt_settings.h"
#include "core/format/safetensors.h"

namespace latformer::train {

struct LanguageOptions {
  std::filesystem::path model, work, target;
  std::vector<std::filesystem::path> data, valid;
  std::optional<std::filesystem::path> recall;  // lines of {"prompt", "answers", "right"}
  double recall_share = 0;                      // of the steps
  uint64_t steps = 1000;
  uint32_t batch = 8;     // windows of a step
  uint32_t slice = 2;     // that run at once
  uint32_t length = 512;  // tokens of a window
  double learning_rate = 3e-4, warm_up = 0.02, weight_decay = 0.1, clip = 1, dropout = 0;
  // Elimination, where max_speedup is above 1.
  double max_speedup = 1;
  double prompt_share = 0.75;
  PromptElimination elimination{.mode = PromptMode::layers};
  uint32_t layer = 2;        // that drops first
  bool progressive = false;  // from that layer on, and not once
  bool scorers = false;
  bool scorers_alone = false;  // no other weight learns
  uint64_t evaluate_every = 200;
  uint32_t evaluate_windows = 16;
  double checkpoint_minutes = 10;
  uint64_t seed = 1;
  std::optional<bool> bf16{};  // none: whichever is faster
  DType dtype = DType::f32;
  bool resume = false, force = false;
};

// Writes WORK/checkpoint.pt and WORK/log.jsonl as it goes, and TARGET in the end. say: takes a line for people. Errors:
// invalid_argument, bad_model, unsupported_model; cancelled where `stop` became true, with the checkpoint written.
Status train_language(const LanguageOptions& options, const std::function<void(const std::string&)>& say,
                      const volatile bool& stop);

}  // namespace latformer::train
