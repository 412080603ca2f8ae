#include "core/tasks/rehearsal.h"

#include <algorithm>
#include <string>

namespace latformer {
namespace {

// A text of many tokens, in the words of the vocabulary.
std::string some_text(const Tokenizer& tokenizer) {
  constexpr size_t kTokens = 1024;
  std::string text;
  const size_t step = std::max<size_t>(1, tokenizer.vocabulary_size() / kTokens);
  for (size_t id = 0; id < tokenizer.vocabulary_size(); id += step) {
    const auto token = static_cast<int32_t>(id);
    text += tokenizer.decode({&token, 1}, true);
    text += ' ';
  }
  return text;
}

}  // namespace

Result<TimeModel> rehearse(const CalibrationPlan& plan, const Tokenizer& tokenizer, const RehearseLayer& layer,
                           const Clock& clock) {
  const std::string text = some_text(tokenizer);
  size_t index = 0;  // of an inner layer
  const auto run = [&](const Workload& work) -> Status {
    if (work.part == Workload::Part::words) return tokenizer.encode(text, {}, work.in).status();
    index = index + 1 < plan.cost.inner_layers() ? index + 1 : 0;
    return layer(work, index);
  };
  return calibrate(plan, run, clock);
}

}  // namespace latformer
