#include "core/elimination/prompt.h"

#include <algorithm>
#include <cmath>

#include "core/format/names.h"

namespace latformer {
namespace {

constexpr Names<PromptMode, 3> kModes = {
    {{{"layers", PromptMode::layers}, {"sentences", PromptMode::sentences}, {"cut", PromptMode::cut}}}};
constexpr Names<PromptScore, 6> kScores = {{{{"contrast", PromptScore::contrast},
                                             {"largest_head", PromptScore::largest_head},
                                             {"mean", PromptScore::mean},
                                             {"learned", PromptScore::learned},
                                             {"recent", PromptScore::recent},
                                             {"random", PromptScore::random}}}};

}  // namespace

std::string_view name_of(PromptMode mode) { return kModes.of(mode); }
std::string_view name_of(PromptScore score) { return kScores.of(score); }
Result<PromptMode> parse_prompt_mode(std::string_view name) {
  if (const auto mode = kModes.find(name)) return *mode;
  return invalid_argument("mode " + kModes.complaint(name));
}

Result<PromptElimination> parse_prompt_elimination(const JsonValue& value) {
  PromptElimination how;
  LATFORMER_TRY(value.object().status());
  if (value["mode"].given()) {
    LATFORMER_ASSIGN(how.mode, kModes.parse(value["mode"]));
  }
  if (value["score"].given()) {
    LATFORMER_ASSIGN(how.score, kScores.parse(value["score"]));
  }
  LATFORMER_ASSIGN(how.tail_share, value["tail_share"].number_or(how.tail_share));
  if (!(how.tail_share >= 0 && how.tail_share <= 1)) return value["tail_share"].fault("must be from 0 to 1");
  constexpr int64_t kMost = 4096;
  LATFORMER_ASSIGN(const int64_t window, value["window"].integer_or(how.window, 1, kMost));
  LATFORMER_ASSIGN(const int64_t before, value["before"].integer_or(how.before, 0, kMost));
  LATFORMER_ASSIGN(const int64_t smooth, value["smooth"].integer_or(how.smooth, 1, kMost));
  LATFORMER_ASSIGN(const int64_t question, value["question"].integer_or(how.question, 1, kMost));
  if (smooth % 2 == 0) return value["smooth"].fault("must be odd");
  how.window = static_cast<uint32_t>(window);
  how.before = static_cast<uint32_t>(before);
  how.smooth = static_cast<uint32_t>(smooth);
  how.question = static_cast<uint32_t>(question);
  return how;
}

Protected always_of(const PromptElimination& how, uint32_t count) {
  const double share = std::round(how.tail_share * count);
  const uint32_t tail = std::max<uint32_t>(1, static_cast<uint32_t>(share));
  return {.first = 1, .last = std::min(tail, count - 1)};
}

std::vector<double> one_drop(uint32_t num_layers, uint32_t layer, double retention) {
  std::vector<double> result(num_layers, 1);
  std::fill(result.begin() + layer, result.end(), retention);
  return result;
}

std::vector<uint32_t> whole_counts(const Cost& cost, uint32_t tokens) {
  std::vector<uint32_t> counts(cost.num_layers, tokens);
  if (cost.last == Last::one_row) counts.back() = 1;
  return counts;
}

uint32_t tokens_within(uint32_t tokens, double most, const std::function<double(uint32_t n)>& cost) {
  uint32_t low = std::min(tokens, 2U);  // fits, or nothing does
  uint32_t high = tokens + 1;           // does not
  while (low + 1 < high) {
    const uint32_t middle = low + (high - low) / 2;
    (cost(middle) <= most ? low : high) = middle;
  }
  return low;
}

}  // namespace latformer
