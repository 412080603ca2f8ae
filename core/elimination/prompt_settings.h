// How a decoder's prompt is made shorter: the field `prompt` of profile.json (docs/method.md, "GPT-2 and other
// decoders"). What it means stands in prompt.h.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/status.h"
#include "core/format/json.h"

namespace latformer {

enum class PromptMode {
  layers,     // in the layers, by score
  sentences,  // before the first: sentences by their likeness to the prompt's end, and the tail
  cut,        // before the first: the last tokens alone, at new positions: what an unchanged model does with them
};

enum class PromptScore {
  contrast,      // what the last queries attend to, more than those before them
  largest_head,  // the largest of all heads'
  mean,          // the mean over heads
  learned,       // what the layer's scorer was taught alone, 1 without one: no query is computed to know
  recent,        // how late it stands; what every score has to beat
  random,        // a number of its position; as above
};

struct PromptElimination {
  PromptMode mode = PromptMode::sentences;
  PromptScore score = PromptScore::contrast;  // layers alone; raised by the scorer of a layer that has one
  double tail_share = 0.5;                    // of the rows that stay, from 0 to 1
  uint32_t window = 16;                       // the last queries that score keys
  uint32_t before = 64;                       // contrast: the queries in front of them
  uint32_t smooth = 7;                        // neighbours that a score is averaged over, itself included; odd
  uint32_t question = 32;                     // sentences: the last tokens, which they are compared with
};

// The names in profile.json.
std::string_view name_of(PromptMode mode);
std::string_view name_of(PromptScore score);
// Errors: invalid_argument.
Result<PromptMode> parse_prompt_mode(std::string_view name);

// An object with any of mode, score, tail_share, window, before, smooth, question, the others as they are by default.
// Errors: bad_model (of the wrong type, or out of range).
Result<PromptElimination> parse_prompt_elimination(const JsonValue& value);

}  // namespace latformer
