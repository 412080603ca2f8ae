#include "core/tasks/sampling/beam_search.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/base/number_text.h"

namespace latformer {
namespace {

constexpr float kNever = -1e9F;  // transformers adds it to the score of what may not be chosen

// The `count` best of n by score, the best first; of those that tie the first comes first.
template <class Score>
std::vector<size_t> best_of(size_t n, size_t count, const Score& score) {
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  const auto better = [&](size_t a, size_t b) { return score(a) != score(b) ? score(a) > score(b) : a < b; };
  count = std::min(count, n);
  std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(count), order.end(), better);
  order.resize(count);
  return order;
}

}  // namespace

Status check(const BeamOptions& options) {
  constexpr uint32_t kMost = 64;
  if (options.num_beams < 1 || options.num_beams > kMost) {
    return invalid_argument("num_beams must be from 1 to " + std::to_string(kMost) + ", not " +
                            std::to_string(options.num_beams));
  }
  if (!std::isfinite(options.length_penalty)) {
    return invalid_argument("length_penalty must be finite, not " + short_text(options.length_penalty));
  }
  return {};
}

BeamSearch::BeamSearch(const BeamOptions& options, size_t end_tokens, Ends ends)
    : options_(options),
      candidates_(std::max<size_t>(2, 1 + end_tokens) * options.num_beams),
      ends_(std::move(ends)),
      running_(options.num_beams),
      finished_(options.num_beams) {
  for (size_t i = 1; i < running_.size(); ++i) running_[i].score = kNever;
  for (Beam& beam : finished_) beam.score = kNever;
}

std::vector<uint32_t> BeamSearch::step(std::span<const float> log_probs) {
  const size_t beams = running_.size();
  const size_t vocabulary = log_probs.size() / beams;
  const auto total = [&](size_t i) { return log_probs[i] + running_[i / vocabulary].score; };

  std::vector<Beam> next;
  std::vector<uint32_t> from;
  bool all_end = true;
  for (const size_t i : best_of(log_probs.size(), candidates_, total)) {
    Beam beam = running_[i / vocabulary];
    beam.score = total(i);
    beam.tokens.push_back(static_cast<int32_t>(i % vocabulary));
    beam.finished = ends_(beam.tokens);
    all_end = all_end && beam.finished;
    next.push_back(std::move(beam));
    from.push_back(static_cast<uint32_t>(i / vocabulary));
  }
  const size_t length = next.front().tokens.size();
  const auto penalty = static_cast<float>(std::pow(static_cast<double>(length), options_.length_penalty));

  // Those that end now, among the first, against those that ended before.
  std::vector<Beam> merged = std::move(finished_);
  for (size_t i = 0; i < next.size(); ++i) {
    Beam beam = next[i];
    beam.score /= penalty;
    if (!improvable_) beam.score += kNever;
    beam.finished = beam.finished && i < beams;
    if (!beam.finished) beam.score += kNever;
    merged.push_back(std::move(beam));
  }
  finished_.clear();
  for (const size_t i : best_of(merged.size(), beams, [&](size_t j) { return merged[j].score; })) {
    finished_.push_back(merged[i]);
  }

  std::vector<uint32_t> goes_on_from;
  std::vector<Beam> runs;
  for (Beam& beam : next) beam.score += beam.finished ? kNever : 0;
  for (const size_t i : best_of(next.size(), beams, [&](size_t j) { return next[j].score; })) {
    goes_on_from.push_back(from[i]);
    runs.push_back(next[i]);
  }
  running_ = std::move(runs);

  float worst = finished_.front().score;
  for (const Beam& beam : finished_) worst = std::min(worst, beam.score);
  const float best_possible = running_.front().score / penalty;
  // As in transformers, a place that nothing has finished in yet counts as kNever, whatever its score.
  bool could_improve = false;
  for (const Beam& beam : finished_) could_improve |= best_possible > (beam.finished ? worst : kNever);
  improvable_ = improvable_ && could_improve;
  done_ = !improvable_ || all_end;
  return goes_on_from;
}

}  // namespace latformer
