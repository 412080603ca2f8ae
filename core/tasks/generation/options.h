// What a call of text generation may ask for, and how a text may end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/elimination/prompt_settings.h"
#include "core/tasks/sampling/beam_search.h"
#include "core/tasks/sampling/sampler.h"

namespace latformer {

// What happens where the model's positions end in the middle of a text.
enum class ContextLimit {
  end,    // the text ends there (Finish::length); a prompt that is longer is an error
  slide,  // the earlier half is forgotten and the later one read again, as often as it takes; a prompt that is longer
          // counts from its last half of the positions on
};

struct GenerationOptions {
  uint32_t max_new_tokens = 256;  // at least 1; the context may end a text before
  SamplingOptions sampling{};
  BeamOptions beams{};  // more than one: sampling.do_sample must be false, the context may not slide, and all of a text
                        // comes at its end
  std::vector<std::string> stop{};  // a text ends before the first of these, which may stretch over tokens; none empty
  bool ignore_end = false;          // tokens that end a text are tokens like others
  ContextLimit context_limit = ContextLimit::end;

  double speedup = 1;                // of reading the prompts: 1 <= speedup <= Generator::max_speedup()
  std::optional<double> budget{};    // instead: milliseconds to the first token of each prompt, if calibrated
  std::optional<PromptMode> mode{};  // how prompts are made shorter; absent: as the profile has it
};

enum class Finish {
  end,     // a token that ends texts
  stop,    // one of the stop strings
  length,  // max_new_tokens, or the context's end
};
std::string_view name_of(Finish finish);  // "end", "stop", "length"

// Errors: invalid_argument, naming the option.
Status check(const GenerationOptions& options);

}  // namespace latformer
