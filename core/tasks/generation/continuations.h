// Tokens of prompts -> the tokens that follow, one of each text a step: generation before there is text.
//
// A step is one layer of the model for a part of the prompts that are not read yet, or else one token of each text.
// What rows run together changes no bit.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/status.h"
#include "core/models/decoder/decoder.h"
#include "core/tasks/generation/options.h"
#include "core/tasks/generation/prompt_plan.h"
#include "core/tasks/sampling/sampler.h"

namespace latformer {

// A text that is in the cache of every layer, whole.
struct Remembered {
  std::vector<int32_t> ids;
  Sequence sequence;
};

struct NewToken {
  size_t text = 0;
  int32_t token = 0;
  std::optional<Finish> finish{};
};

class Continuations {
 public:
  // All that outlives it. options: checked. end_tokens: those that end a text.
  Continuations(DecoderModel& model, const PromptElimination& how, const GenerationOptions& options,
                std::span<const int32_t> end_tokens)
      : model_(&model), how_(how), options_(options), end_tokens_(end_tokens) {}

  // A prompt, of tokens that the model has, no longer than its positions. remembered: where nothing is dropped, what it
  // shares with the prompt is not computed again. Errors: out_of_memory.
  Status add(std::span<const int32_t> prompt, PromptPlan plan, std::optional<Remembered> remembered = {});

  // Empty while prompts are read. Errors: out_of_memory, bad_model (logits that are not finite).
  Result<std::vector<NewToken>> step();
  bool done() const;
  // The text ends here.
  void end(size_t text) { texts_[text].ended = true; }

  const std::vector<int32_t>& ids(size_t text) const { return texts_[text].ids; }  // prompt and all that followed
  uint32_t reused(size_t text) const { return texts_[text].reused; }
  size_t cache_bytes(size_t text) const { return texts_[text].sequence.bytes(); }
  const std::vector<uint32_t>& rows_of_prompt(size_t text) const { return texts_[text].rows; }  // in each layer
  const std::vector<std::vector<uint32_t>>& kept_positions(size_t text) const { return texts_[text].kept; }
  // The last text's tokens that are in the caches, if nothing was dropped. Nothing runs any more.
  std::optional<Remembered> remember();

 private:
  struct Text {
    std::vector<int32_t> ids;
    uint32_t new_tokens = 0;
    PromptPlan plan;    // what is to be read
    uint32_t read = 0;  // of plan.ids, what the model is at included
    uint32_t reused = 0;
    Sequence sequence;
    Sampler sampler;
    bool ended = false;
    bool slid = false;
    std::vector<uint32_t> rows{};
    std::vector<std::vector<uint32_t>> kept{};

    bool is_read() const { return read == plan.ids.size(); }  // or about to be
  };

  Result<std::vector<NewToken>> read();
  Status start_reading();
  Result<std::vector<NewToken>> go_on();
  Result<NewToken> take(size_t index, std::span<float> logits);
  Status slide(Text& text);

  DecoderModel* model_;
  PromptElimination how_;
  GenerationOptions options_;
  std::span<const int32_t> end_tokens_;
  std::vector<Text> texts_;
  std::vector<size_t> reading_;  // texts of whose prompts the model reads a part
};

}  // namespace latformer
