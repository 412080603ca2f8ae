// One prompt -> the text that beam search finds (core/tasks/sampling/beam_search.h), a step of all beams at a time.
//
// Beams share nothing: each has its caches, copied where two go on from one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "core/base/status.h"
#include "core/models/decoder/decoder.h"
#include "core/tasks/generation/options.h"
#include "core/tasks/generation/prompt_plan.h"
#include "core/tasks/sampling/beam_search.h"
#include "core/tasks/sampling/sampler.h"

namespace latformer {

class BeamText {
 public:
  // Whether a text of these new tokens holds a stop string.
  using Stops = std::function<bool(std::span<const int32_t> tokens)>;

  // As Continuations; the prompt is read in the first step.
  BeamText(DecoderModel& model, const PromptElimination& how, const GenerationOptions& options,
           std::span<const int32_t> end_tokens, std::span<const int32_t> prompt, PromptPlan plan, Stops stops);

  // Errors: out_of_memory, bad_model (logits that are not finite). After an error it is of no further use.
  Status step();
  bool done() const { return search_.done(); }

  const std::vector<int32_t>& tokens() const { return search_.best().tokens; }  // once done()
  size_t cache_bytes() const;
  const std::vector<uint32_t>& rows_of_prompt() const { return rows_; }
  const std::vector<std::vector<uint32_t>>& kept_positions() const { return kept_; }

 private:
  Status read();
  bool ends(std::span<const int32_t> tokens) const;
  Status advance(std::span<std::vector<float>> logits);

  DecoderModel* model_;
  PromptElimination how_;
  GenerationOptions options_;
  std::span<const int32_t> end_tokens_;
  std::vector<int32_t> prompt_;
  PromptPlan plan_;
  Stops stops_;
  BeamSearch search_;
  std::optional<Sequence> prompt_sequence_;  // while the prompt is read
  std::vector<Sequence> sequences_;          // of each beam that runs
  std::vector<uint32_t> rows_{};
  std::vector<std::vector<uint32_t>> kept_{};
};

}  // namespace latformer
