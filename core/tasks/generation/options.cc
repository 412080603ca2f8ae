#include "core/tasks/generation/options.h"

#include <algorithm>

namespace latformer {

std::string_view name_of(Finish finish) {
  return finish == Finish::end ? "end" : finish == Finish::stop ? "stop" : "length";
}

Status check(const GenerationOptions& options) {
  if (options.max_new_tokens < 1) return invalid_argument("max_new_tokens must be at least 1, not 0");
  LATFORMER_TRY(check(options.sampling));
  LATFORMER_TRY(check(options.beams));
  if (options.beams.num_beams > 1 && options.sampling.do_sample) {
    return invalid_argument("num_beams above 1 and do_sample exclude each other");
  }
  if (options.beams.num_beams > 1 && options.context_limit == ContextLimit::slide) {
    return invalid_argument("num_beams above 1 and a context that slides exclude each other");
  }
  if (std::ranges::any_of(options.stop, [](const std::string& text) { return text.empty(); })) {
    return invalid_argument("a stop string is empty");
  }
  return {};
}

}  // namespace latformer
