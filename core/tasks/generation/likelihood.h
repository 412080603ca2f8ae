// What a model makes of tokens that are given: perplexity, and which of several answers is the likeliest.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/status.h"
#include "core/models/decoder/decoder.h"
#include "core/tasks/generation/prompt_plan.h"

namespace latformer {

// A prompt that was read as planned, to which texts are held.
class PromptReading {
 public:
  // Errors: those of DecoderModel::run.
  static Result<PromptReading> create(DecoderModel& model, const PromptElimination& how, const PromptPlan& plan);

  // log p of each of `tokens` (at least one) behind the prompt and those before it. Errors: as above.
  Result<std::vector<double>> log_likelihoods(std::span<const int32_t> tokens);

  size_t cache_bytes() const { return sequence_.bytes(); }

 private:
  DecoderModel* model_ = nullptr;
  Sequence sequence_;
  std::vector<float> logits_;  // of what follows the prompt
};

}  // namespace latformer
